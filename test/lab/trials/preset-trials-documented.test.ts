// Presets whose simulator was written from public documentation, through the whole gateway: twenty leads with everything that
// can go wrong.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['hubspot']);
