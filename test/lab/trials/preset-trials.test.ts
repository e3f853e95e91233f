// Presets with a simulator that was modelled on a real CRM, through the whole gateway: twenty leads with everything that can
// go wrong. Wrong keys come within seconds of each other here: more presets beside these would keep them too far apart.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['dolibarr', 'espocrm']);
