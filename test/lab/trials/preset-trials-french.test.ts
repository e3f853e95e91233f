// Presets of CRMs that are much used in France and known from their documentation, through the whole gateway: twenty leads with
// everything that can go wrong.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['brevo', 'nocrm', 'pipedrive', 'sellsy']);
