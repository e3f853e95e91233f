// Simulates EspoCRM's Lead Capture by its source (8.4.2 and 9.3.10), set up as the preset's page says: duplicate check, target list and
// confirmation off, and a formula that copies our answer to the address's opt-out.
// Invariant: the key is in the address alone, the answer is a bare `true`, and only new leads are accepted.
import { invalid, parsed } from './espocrm.ts';
import { apply, emptyTables, fold, isText, keep, shown } from './espocrm-tables.ts';
import type { Attributes, Tables } from './espocrm-tables.ts';
import { json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';

export const espocrmLeadCapture: Simulator = {
  preset: 'espocrm-lead-capture',
  modelled: 'EspoCRM 8.4.2, installed November 2026; source of 9.3.10',
  secretNames: ['ESPO_CAPTURE_KEY'],
  secretAddress: { name: 'CLIENT_CAPTURE_URL', path: '/api/v1/LeadCapture/', key: 'ESPO_CAPTURE_KEY' },
  changes: 'in writing',
  open: openLeadCapture,
};

const empty = (status: number, reason?: string): CrmAnswer => ({
  status,
  headers: reason === undefined ? {} : { 'x-status-reason': reason },
  body: '',
});

function openLeadCapture({ secrets, strangers }: SimulatorOptions): SimulatedCrm {
  const tables = emptyTables();
  for (const { lastName, firstName, email, phone } of strangers)
    keep(tables, { lastName, firstName, emailAddress: email, phoneNumber: phone });
  const key = secrets['ESPO_CAPTURE_KEY'] ?? '';
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [empty(500), empty(503)],
    whenBusy: page(429, 'Too Many Requests'),
    answer: (request) => {
      // nginx and PHP refuse these before EspoCRM sees them.
      if (request.body.length > 1_048_576) return page(413, 'Request Entity Too Large');
      if (good && request.method === 'POST' && request.path === `/api/v1/LeadCapture/${key}`)
        return capture(tables, request);
      wrongKeys += 1;
      // The address accepts new leads only; any other method needs a user of the API.
      if (request.method !== 'POST') return empty(401);
      // In 9: Form ID is not valid.
      return empty(404, 'Api key is not valid.');
    },
    records: () =>
      [...tables.leads.values()].filter(({ deleted }) => !deleted).map((lead) => shown(tables, lead)),
    complaints: () => [],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => {
      const lead = tables.leads.get(id);
      if (lead !== undefined) lead.deleted = true;
    },
    unsubscribes: (id) =>
      void tables.optedOut.email.add(fold(tables.leads.get(id)?.attributes['emailAddress'])),
    changedByHand: (id, { mayContact, phone }) => {
      const lead = tables.leads.get(id);
      if (lead === undefined) return;
      apply(tables, lead, {
        phoneNumber: phone,
        doNotCall: mayContact.phone === false,
        ...(mayContact.email === false ? { emailAddressIsOptedOut: true } : {}),
        ...(mayContact.phone === false ? { phoneNumberIsOptedOut: true } : {}),
      });
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

/** Since 9.0 EspoCRM drops the marks of an address: only the formula sets them, from other fields. */
function capture(tables: Tables, request: CrmRequest): CrmAnswer {
  tables.creates += 1;
  const data = parsed(request);
  if (data === undefined)
    return request.body.toString('utf8').startsWith('[') ? empty(400, 'noRequiredFields') : empty(500);
  const marks = /^(?:emailAddress|phoneNumber)Is/;
  const given = Object.fromEntries(Object.entries(data).filter(([name]) => !marks.test(name)));
  if (!Object.values(given).some((value) => isText(value) || value === true))
    return empty(400, 'noRequiredFields');
  const wrong = invalid(given);
  if (wrong !== undefined) return wrong;
  keep(tables, { ...given, ...formula(given) }, request.beside);
  return json(200, true);
}

/** As the preset's page has it: a new lead of ours marks its address and its number. */
const formula = (given: Attributes): Attributes =>
  isText(given['cRelaisReference'])
    ? {
        emailAddressIsOptedOut: given['cRelaisSansEmail'] === true,
        phoneNumberIsOptedOut: given['doNotCall'] === true,
      }
    : {};
