// Presets of SuiteCRM, and of EspoCRM's public capture, through the whole gateway: twenty leads with everything that can go wrong.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['espocrm-lead-capture', 'suitecrm']);
