// Presets whose CRM gives short-lived tokens, through the whole gateway: twenty leads with everything that can go wrong, tokens
// that end, are taken back, or cannot be got at once.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['dynamics', 'salesforce', 'zoho']);
