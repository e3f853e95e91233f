// Presets of SuiteCRM, and of systems of a client's own, through the whole gateway: twenty leads with everything that can go wrong.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['espocrm-lead-capture', 'suitecrm']);
