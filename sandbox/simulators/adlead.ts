// Simulates Adlead's API v1, the registrations ("dénonciations") of a programme, by its public pages and reports of its users. Never
// compared with a real account.
// Invariant: judges by the documentation; each verdict comes a while later, and a contact the programme knows already is refused.
import { bodyOf, createRate, json, page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  CrmRequest,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
  Stranger,
  ChangeByHand,
} from './simulator.ts';
import { dialled, readByPeople, referenceIn, textIn } from './told-in-words.ts';

type Values = Readonly<Record<string, unknown>>;

interface Registration {
  readonly id: number;
  readonly values: Values;
  readonly madeAt: number;
  noted?: ChangeByHand;
}

interface Programme {
  readonly registrations: Map<number, Registration>;
  /** Contacts from before the trial. */
  readonly contacts: readonly Stranger[];
  readonly now: () => number;
}

/** The client's space and the programme of the preset's example. */
const programmePath = '/v1/client-exemple/programs/716';
/** "In less than a minute": this long in a trial, ms. */
const judgedAfterMs = 700;

export const adlead: Simulator = {
  preset: 'adlead',
  modelled: 'public documentation, published answers; whom it refuses is a guess',
  secretNames: ['ADLEAD_KEY'],
  changes: 'in writing',
  turnsAway: ({ email, firstName }, strangers) => {
    if (email === undefined || firstName === undefined) return 'invalid';
    return strangers.some((known) => known.email === email) ? 'refused' : undefined;
  },
  open: openAdlead,
};

const no = (status: number, message: string, more: object = {}): CrmAnswer =>
  json(status, { success: false, message, ...more });
const tooMany = no(429, 'Too Many Requests', { retry_after: 1 });

function openAdlead({ secrets, strangers, now }: SimulatorOptions): SimulatedCrm {
  const programme: Programme = { registrations: new Map(), contacts: strangers, now };
  let lastId = 23_000;
  const keep = (values: Values): Registration => {
    lastId += 1;
    const registration = { id: lastId, values, madeAt: now() };
    programme.registrations.set(lastId, registration);
    return registration;
  };
  const fits = createRate(now, 60, 10_000);
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), page(503, 'Service Unavailable')],
    whenBusy: tooMany,
    answer: (request) => {
      if (request.headers['x-api-key'] !== secrets['ADLEAD_KEY'] || !good) {
        wrongKeys += 1;
        return no(403, '403 Forbidden');
      }
      return fits() ? route(programme, keep, request) : tooMany;
    },
    records: () => [
      ...strangers.map(known),
      ...[...programme.registrations.values()]
        .filter((registration) => stateOf(programme, registration) !== 'rejected')
        .map(shown),
    ],
    complaints: () => [],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void programme.registrations.delete(Number(id)),
    changedByHand: (id, told) => {
      const registration = programme.registrations.get(Number(id));
      if (registration !== undefined) registration.noted = told;
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

function route(programme: Programme, keep: (values: Values) => Registration, request: CrmRequest): CrmAnswer {
  const { method, path } = request;
  if (!path.startsWith(`${programmePath}/registrations`)) return no(403, '403 Forbidden');
  const [, id] = /\/registrations(?:\/(\d+))?$/.exec(path) ?? [];
  if (id === undefined) {
    if (method !== 'POST') return no(405, '405 Method Not Allowed');
    const values = bodyOf(request);
    const wrong = values === undefined ? ['body'] : wrongIn(values);
    return values === undefined || wrong.length > 0
      ? no(422, 'The given data was invalid.', {
          errors: Object.fromEntries(wrong.map((name) => [name, [`${name} is not valid`]])),
        })
      : json(201, { success: true, message: null, data: told(programme, keep(values)) });
  }
  const registration = programme.registrations.get(Number(id));
  return registration === undefined
    ? no(404, '404 Not Found')
    : json(200, { success: true, message: null, data: told(programme, registration) });
}

const told = (programme: Programme, registration: Registration): object => ({
  id: registration.id,
  status: stateOf(programme, registration),
  expires_at: null,
});

function stateOf({ contacts, now }: Programme, { values, madeAt }: Registration): string {
  if (now() < madeAt + judgedAfterMs) return 'pending';
  return contacts.some(({ email }) => email === textIn(values, 'email1')) ? 'rejected' : 'approved';
}

/** Fields that are missing or malformed. */
function wrongIn(values: Values): readonly string[] {
  const { title } = values;
  return [
    ...['name', 'firstname', 'email1'].filter((name) => textIn(values, name) === ''),
    ...(/^(33|0)\d{9}$/.test(textIn(values, 'phone1')) ? [] : ['phone1']),
    ...(title === undefined || title === 'mr' || title === 'ms' ? [] : ['title']),
  ];
}

const known = ({ lastName, firstName, email, phone }: Stranger, index: number): CrmRecord => ({
  id: `c${index}`,
  reference: '',
  lastName,
  firstName,
  email,
  phone,
  mayContact: { email: true, phone: true },
});

function shown({ id, values, noted }: Registration): CrmRecord {
  const comment = textIn(values, 'comment');
  return readByPeople(
    {
      id: String(id),
      reference: referenceIn(comment),
      lastName: textIn(values, 'name'),
      firstName: textIn(values, 'firstname'),
      email: textIn(values, 'email1'),
      phone: dialled(textIn(values, 'phone1')),
    },
    comment,
    noted,
  );
}
