// Simulates Oplead (Eldo), the import of leads by addlead, by its public help page. Never compared with a real account. Its answers, and
// the names of fields the page omits, are not public: they follow the preset's example, and a client reads their own in their account.
// Invariant: an accepted lead can be neither looked up, nor changed, nor deleted.
import { bodyOf, createRate, json, page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
  ChangeByHand,
} from './simulator.ts';
import { readByPeople, referenceIn, textIn } from './told-in-words.ts';

type Values = Readonly<Record<string, unknown>>;

interface Lead {
  readonly id: number;
  readonly values: Values;
  noted?: ChangeByHand;
}

/** The channel of the preset's example. */
const channel = 'CNL_4f2a';

export const oplead: Simulator = {
  preset: 'oplead',
  modelled: 'public help page; answers and further fields, nowhere public, are those of the example',
  secretNames: ['OPLEAD_TOKEN'],
  changes: 'in writing',
  turnsAway: ({ email }) => (email === undefined ? 'invalid' : undefined),
  open: openOplead,
};

const no = (status: number, message: string): CrmAnswer => json(status, { success: false, message });

function openOplead({ secrets, strangers, now }: SimulatorOptions): SimulatedCrm {
  const leads = new Map<number, Lead>();
  let lastId = 5_500;
  const keep = (values: Values): Lead => {
    lastId += 1;
    const lead = { id: lastId, values };
    leads.set(lastId, lead);
    return lead;
  };
  for (const { lastName, firstName, email, phone } of strangers)
    keep({ ctc_lastname: lastName, ctc_firstname: firstName, ctc_email: email, ctc_phone: phone });
  const fits = createRate(now, 40, 1_000);
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), page(503, 'Service Unavailable')],
    whenBusy: no(429, 'Too many requests'),
    answer: (request) => {
      const values = bodyOf(request) ?? {};
      if (!good || values['token'] !== secrets['OPLEAD_TOKEN']) {
        wrongKeys += 1;
        return no(401, 'Invalid token');
      }
      if (!fits()) return no(429, 'Too many requests');
      if (request.path !== '/addlead/' || request.method !== 'POST') return page(404, 'Not Found');
      const missing = ['form', 'ctc_lastname', 'ctc_postcode', 'ctc_country', 'ctc_email'].find(
        (name) => textIn(values, name) === '',
      );
      if (missing !== undefined) return no(400, `${missing} is missing`);
      if (values['channel'] !== channel) return no(400, 'channel is unknown');
      return json(200, { success: true, lead: keep(values).id });
    },
    records: () => [...leads.values()].map(shown),
    complaints: () => [],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void leads.delete(Number(id)),
    changedByHand: (id, told) => {
      const lead = leads.get(Number(id));
      if (lead !== undefined) lead.noted = told;
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

function shown({ id, values, noted }: Lead): CrmRecord {
  const comment = textIn(values, 'comment');
  return readByPeople(
    {
      id: String(id),
      reference: referenceIn(comment),
      lastName: textIn(values, 'ctc_lastname'),
      firstName: textIn(values, 'ctc_firstname'),
      email: textIn(values, 'ctc_email'),
      phone: textIn(values, 'ctc_phone'),
    },
    comment,
    noted,
  );
}
