// Presets of the two programs whose protocol tells its no with status 200, through the whole gateway: twenty leads with
// everything that can go wrong.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['odoo', 'tryton']);
