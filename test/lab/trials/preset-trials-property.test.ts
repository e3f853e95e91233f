// Presets of systems of the French property trade, known from their documentation, through the whole gateway: twenty leads with
// everything that can go wrong. Three of them cannot be asked about a lead, and learn of changes by letter: people do that here.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['adlead', 'apimo', 'aviv', 'oplead']);
