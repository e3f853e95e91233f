// Defines the four demo clients as a system in front of the gateway knows them: programmes, legal entity, consents to record.
// Invariant: agrees with mappings/<client>; the client's own format is not known here.
import type { Random } from './random.ts';

export interface DemoClient {
  readonly id: string;
  /** Destination that must receive its leads. */
  readonly destination: string;
  readonly connector: 'webhook' | 'email' | 'flow';
  readonly prefix: string;
  readonly legalEntity: string;
  readonly programmes: readonly string[];
  /** Purpose and channel of every opt-in the client's files name. */
  readonly optIns: readonly (readonly [purpose: string, channel: string])[];
  /** Share of all leads. */
  readonly weight: number;
}

export const demoClients: readonly DemoClient[] = [
  {
    id: 'horizon',
    destination: 'horizon-crm',
    connector: 'webhook',
    prefix: 'HZ',
    legalEntity: 'HORIZON PROMOTION SAS',
    programmes: ['HZ-LYON', 'HZ-NANTES', 'HZ-RENNES', 'HZ-BORDEAUX'],
    optIns: [
      ['marketing', 'email'],
      ['marketing', 'phone'],
    ],
    weight: 40,
  },
  {
    id: 'littoral',
    destination: 'littoral-mail',
    connector: 'email',
    prefix: 'LT',
    legalEntity: 'LITTORAL RESIDENCES SARL',
    programmes: ['LT-ROYAN', 'LT-PORNIC', 'LT-HYERES'],
    optIns: [
      ['marketing', 'email'],
      ['marketing', 'phone'],
      ['newsletter', 'email'],
    ],
    weight: 20,
  },
  {
    id: 'alpes',
    destination: 'alpes-csv',
    connector: 'flow',
    prefix: 'AL',
    legalEntity: 'ALPES HABITAT NEUF SA',
    programmes: ['AL-ANNECY', 'AL-CHAMBERY', 'AL-GRENOBLE'],
    optIns: [
      ['marketing', 'phone'],
      ['marketing', 'email'],
      ['partners', 'email'],
    ],
    weight: 20,
  },
  {
    id: 'hexagone',
    destination: 'hexagone-xml',
    connector: 'flow',
    prefix: 'HX',
    legalEntity: 'HEXAGONE COMMERCIALISATION SNC',
    programmes: ['HX-TOURS', 'HX-REIMS', 'HX-LILLE'],
    optIns: [
      ['marketing', 'email'],
      ['marketing', 'phone'],
      ['profiling', 'email'],
    ],
    weight: 20,
  },
];

/** Programmes that Horizon's own CRM refuses: sold out (422), and unknown to it (a 200 with a refusal in the body). */
export const soldOutProgramme = 'HZ-SOLDOUT';
export const unknownProgramme = 'HZ-GHOST';

/** Clients in turn, by weight, so that a short list has all of them. */
export function clientsInTurn(random: Random, count: number): readonly DemoClient[] {
  const round = demoClients.flatMap((client) => Array<DemoClient>(client.weight / 20).fill(client));
  const list: DemoClient[] = [];
  while (list.length < count) list.push(...random.shuffled(round));
  return list.slice(0, count);
}
