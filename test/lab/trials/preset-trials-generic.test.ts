// Presets for an endpoint that a client builds by docs/webhook.md, through the whole gateway: twenty leads with everything that can
// go wrong.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['http-json', 'http-xml']);
