// The simulated CRMs that give tokens judge as the real ones are documented to: each habit, asked for directly in memory.
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../sandbox/simulators/simulator.ts';

const strangers = [
  { lastName: 'Martin', firstName: 'Anna', email: 'anna@courriel.example', phone: '+33639980901' },
];
const secrets = {
  ...{ SALESFORCE_CLIENT_ID: 'appli', SALESFORCE_CLIENT_SECRET: 'secret' },
  ...{ DYNAMICS_CLIENT_ID: 'appli', DYNAMICS_CLIENT_SECRET: 'secret' },
  ...{ ZOHO_CLIENT_ID: 'appli', ZOHO_CLIENT_SECRET: 'secret', ZOHO_REFRESH_TOKEN: 'renouvellement' },
};

let clock = 0;
let crm: SimulatedCrm;
let token = '';

function opened(preset: string, tokensLiveMs?: number): SimulatedCrm {
  const lives = tokensLiveMs === undefined ? {} : { tokensLiveMs };
  const simulated = simulatorOf(preset)?.open({ secrets, strangers, now: () => clock, ...lives });
  if (simulated === undefined) throw new Error(`no simulator for ${preset}`);
  return simulated;
}

interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(method: string, address: string, { body, headers = {} }: Asked = {}): CrmAnswer {
  const url = new URL(address, 'https://crm.example');
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  const known = { authorization: token, ...headers };
  return crm.answer({
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: known,
    body: Buffer.from(text),
    beside: 0,
  });
}

const contentOf = ({ body = '' }: CrmAnswer): Record<string, unknown> =>
  JSON.parse(body) as Record<string, unknown>;
const tokenOf = (answer: CrmAnswer): string => String(contentOf(answer)['access_token']);

beforeEach(() => {
  clock = 0;
});

describe('Salesforce', () => {
  const asked = 'grant_type=client_credentials&client_id=appli&client_secret=secret';
  const getToken = (body = asked): CrmAnswer => ask('POST', '/services/oauth2/token', { body });
  const leads = '/services/data/v62.0/sobjects/Lead';
  const byKey = (key: string): string => `${leads}/Relais_Reference__c/${key}`;
  const saved = { 'sforce-duplicate-rule-header': 'allowSave=true' };
  const lead = (more: object = {}): object => ({ LastName: 'Durand', Company: 'n/a', ...more });
  const upsert = (key: string, body: object, headers: Readonly<Record<string, string>> = saved): CrmAnswer =>
    ask('PATCH', byKey(key), { body, headers });
  beforeEach(() => {
    crm = opened('salesforce', 60_000);
    token = `Bearer ${tokenOf(getToken())}`;
  });

  test('creates by our reference, finds it again, and never says how long a token lives', () => {
    const created = upsert('DM-1', lead());
    expect([created.status, contentOf(created)]).toMatchObject([201, { success: true, created: true }]);
    const again = upsert('DM-1', lead({ FirstName: 'Zoé' }));
    expect([again.status, contentOf(again)['id']]).toEqual([200, contentOf(created)['id']]);
    expect(crm.records()).toHaveLength(2);
    expect(contentOf(getToken())).not.toHaveProperty('expires_in');
    const soql = encodeURIComponent("SELECT Id FROM Lead WHERE Relais_Reference__c = 'DM-1'");
    expect(contentOf(ask('GET', `/services/data/v62.0/query?q=${soql}`))).toMatchObject({ totalSize: 1 });
    expect(ask('GET', `/services/data/v62.0/query?q=${soql.replace('Relais', 'Autre')}`).status).toBe(400);
  });

  test('a token that ended or was taken back is 401; wrong secrets get none; after a change its endpoint stumbles once', () => {
    clock = 60_001;
    expect(contentOf(upsert('DM-1', lead()))).toMatchObject([{ errorCode: 'INVALID_SESSION_ID' }]);
    expect(getToken(asked.replace('=secret', '=autre')).status).toBe(400);
    token = `Bearer ${tokenOf(getToken())}`;
    expect(upsert('DM-1', lead()).status).toBe(201);
    crm.keyIsGood(false);
    expect(upsert('DM-1', lead()).status).toBe(401);
    token = `Bearer ${tokenOf(getToken())}`;
    expect([upsert('DM-1', lead()).status, crm.wrongKeys()]).toEqual([403, 2]);
    crm.keyIsGood(true);
    expect(contentOf(getToken())).toMatchObject({ error: 'unknown_error' });
    token = `Bearer ${tokenOf(getToken())}`;
    expect(upsert('DM-1', lead()).status).toBe(200);
  });

  test('refuses the namesake and the same mail unless asked to let them in, and shows who they are', () => {
    const namesake = upsert('DM-1', lead({ LastName: 'MARTIN', FirstName: 'anna' }), {});
    expect([namesake.status, contentOf(namesake)]).toMatchObject([
      400,
      [{ errorCode: 'DUPLICATES_DETECTED' }],
    ]);
    expect(upsert('DM-1', lead({ Email: 'ANNA@courriel.example' }), {}).status).toBe(400);
    expect(upsert('DM-1', lead({ Email: 'ANNA@courriel.example' })).status).toBe(201);
  });

  test.each<[string, object]>([
    ['INVALID_FIELD', { Budget__c: 5 }],
    ['INVALID_FIELD', { Relais_Reference__c: 'DM-1' }],
    ['STRING_TOO_LONG', { LastName: 'a'.repeat(81) }],
    ['INVALID_EMAIL_ADDRESS', { Email: 'nobody' }],
    ['JSON_PARSER_ERROR', { DoNotCall: 'OUI' }],
    ['REQUIRED_FIELD_MISSING', { Company: '' }],
  ])('%s: nothing of the record is kept', (errorCode, more) => {
    const answer = upsert('DM-1', lead(more));
    expect([answer.status, contentOf(answer)]).toMatchObject([400, [{ errorCode }]]);
    expect(crm.records()).toHaveLength(1);
    expect(ask('PATCH', byKey('DM-1').replace('Relais', 'Autre'), { body: lead() }).status).toBe(404);
  });

  test('lets people be written to until somebody says no; a change reassigns the lead unless it forbids it', () => {
    const id = String(contentOf(upsert('DM-1', lead({ Email: 'd@courriel.example' })))['id']);
    const may = (): unknown => crm.records().at(-1)?.mayContact.email;
    expect(may()).toBe(true);
    const headers = { ...saved, 'sforce-auto-assign': 'FALSE' };
    expect(ask('PATCH', `${leads}/${id}`, { body: { HasOptedOutOfEmail: true }, headers }).status).toBe(204);
    expect([may(), crm.complaints()]).toEqual([false, []]);
    ask('PATCH', `${leads}/${id}`, { body: { City: 'Lyon' }, headers: saved });
    expect(crm.complaints()).toEqual([expect.stringContaining('was taken from its owner')]);
  });

  test('what is in the bin says so, and our reference would create it anew', () => {
    const id = String(contentOf(upsert('DM-1', lead()))['id']);
    expect(ask('DELETE', `${leads}/${id}`).status).toBe(204);
    const gone = ask('DELETE', `${leads}/${id}`);
    expect([gone.status, contentOf(gone)]).toMatchObject([404, [{ errorCode: 'ENTITY_IS_DELETED' }]]);
    expect(contentOf(ask('PATCH', `${leads}/00QNONE`, { body: lead() }))).toMatchObject([
      { errorCode: 'NOT_FOUND' },
    ]);
    expect(upsert('DM-1', lead()).status).toBe(201);
  });
});

describe('Dynamics 365', () => {
  const asked =
    'grant_type=client_credentials&client_id=appli&client_secret=secret&scope=https://crm.example/.default';
  const getToken = (body = asked): CrmAnswer => ask('POST', '/tenant/oauth2/v2.0/token', { body });
  const leads = '/api/data/v9.2/leads';
  const byKey = (key: string): string => `${leads}(relais_reference='${key}')`;
  const shown = { prefer: 'return=representation' };
  const upsert = (key: string, body: object, headers: Readonly<Record<string, string>> = shown): CrmAnswer =>
    ask('PATCH', byKey(key), { body, headers });
  beforeEach(() => {
    crm = opened('dynamics');
    token = `Bearer ${tokenOf(getToken())}`;
  });

  test('creates by a key, finds it again, and shows its number only to who wishes for the record', () => {
    const created = upsert('DM-1', { lastname: 'Durand' });
    expect([created.status, contentOf(created)]).toMatchObject([201, { relais_reference: 'DM-1' }]);
    const again = upsert('DM-1', { firstname: 'Zoé' });
    expect([again.status, contentOf(again)['leadid']]).toEqual([200, contentOf(created)['leadid']]);
    const bare = upsert('DM-1', { firstname: 'Zoé' }, {});
    expect([bare.status, bare.body, bare.headers?.['odata-entityid']]).toEqual([
      204,
      undefined,
      expect.stringContaining("leads(relais_reference='DM-1')"),
    ]);
    expect(crm.records()).toHaveLength(2);
  });

  test('If-Match lets nothing be created, If-None-Match nothing be changed', () => {
    const absent = upsert('DM-1', { lastname: 'Durand' }, { ...shown, 'if-match': '*' });
    expect([absent.status, contentOf(absent)]).toMatchObject([404, { error: { code: '0x80060891' } }]);
    const id = String(contentOf(upsert('DM-1', { lastname: 'Durand' }))['leadid']);
    expect(upsert('DM-1', { lastname: 'Autre' }, { ...shown, 'if-none-match': '*' }).status).toBe(412);
    expect(ask('DELETE', `${leads}(${id})`).status).toBe(204);
    const gone = ask('DELETE', `${leads}(${id})`);
    expect([gone.status, contentOf(gone)]).toMatchObject([404, { error: { code: '0x80040217' } }]);
    // Without it a change of what somebody deleted brings it back.
    expect(upsert('DM-1', { lastname: 'Durand' }).status).toBe(201);
  });

  test('the same address is a duplicate only where a request asks for it', () => {
    const body = { lastname: 'Autre', emailaddress1: 'ANNA@courriel.example' };
    const detecting = { ...shown, 'mscrm.suppressduplicatedetection': 'false' };
    expect(contentOf(upsert('DM-1', body, detecting))).toMatchObject({ error: { code: '0x80040333' } });
    expect(crm.records()).toHaveLength(1);
    expect(upsert('DM-1', body).status).toBe(201);
  });

  test.each<[string, string, object]>([
    ['0x80048d19', 'Invalid property', { budget: 5 }],
    ['0x80048d19', 'Cannot convert', { donotphone: 'OUI' }],
    ['0x80044331', 'maximum allowed length', { lastname: 'a'.repeat(51) }],
  ])('%s (%s): nothing of the record is kept', (code, words, more) => {
    const answer = upsert('DM-1', { lastname: 'Durand', ...more });
    const message = expect.stringContaining(words) as string;
    expect([answer.status, contentOf(answer)]).toMatchObject([400, { error: { code, message } }]);
    expect(crm.records()).toHaveLength(1);
    expect(contentOf(ask('GET', `${leads}(autre='DM-1')`))).toMatchObject({ error: { code: '0x80060890' } });
  });

  test('lets people be written to until somebody says no', () => {
    upsert('DM-1', { lastname: 'Durand', emailaddress1: 'd@courriel.example' });
    expect(crm.records().at(-1)?.mayContact).toEqual({ email: true });
    upsert('DM-1', { donotbulkemail: true });
    expect(crm.records().at(-1)?.mayContact).toEqual({ email: false });
  });

  test('tokens are for the organisation and tell their life; one that ended is 401 without a word; Entra may be busy', () => {
    expect(getToken(asked.replace('.default', 'user')).status).toBe(400);
    expect(contentOf(getToken(asked.replace('=secret', '=autre')))).toMatchObject({
      error: 'invalid_client',
    });
    expect(contentOf(getToken())).toMatchObject({ expires_in: 3599 });
    clock = 3_600_000;
    expect(ask('GET', byKey('DM-1'))).toEqual({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    crm.keyIsGood(true);
    expect(getToken()).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(getToken().status).toBe(200);
  });
});

describe('Zoho CRM', () => {
  const asked = 'grant_type=refresh_token&client_id=appli&client_secret=secret&refresh_token=renouvellement';
  const getToken = (body = asked): CrmAnswer => ask('POST', '/oauth/v2/token', { body });
  const upsert = (record: object, fields?: readonly string[]): CrmAnswer =>
    ask('POST', '/crm/v8/Leads/upsert', {
      body: { data: [record], ...(fields === undefined ? {} : { duplicate_check_fields: fields }) },
    });
  const own = ['Relais_Reference'];
  const lead = (more: object = {}): object => ({ Relais_Reference: 'DM-1', Last_Name: 'Durand', ...more });
  const first = (answer: CrmAnswer): Record<string, unknown> =>
    (contentOf(answer)['data'] as readonly Record<string, unknown>[])[0] ?? {};
  const idOf = (answer: CrmAnswer): string => String((first(answer)['details'] as { id: string }).id);
  beforeEach(() => {
    crm = opened('zoho');
    token = `Zoho-oauthtoken ${tokenOf(getToken())}`;
  });

  test('finds by our reference what it has of ours, and says by which field', () => {
    const created = upsert(lead(), own);
    expect([created.status, first(created)]).toMatchObject([
      201,
      { action: 'insert', duplicate_field: null },
    ]);
    const again = upsert(lead({ First_Name: 'Zoé' }), own);
    expect(first(again)).toMatchObject({ action: 'update', duplicate_field: 'Relais_Reference' });
    expect(idOf(again)).toBe(idOf(created));
    const query = (field: string): CrmAnswer =>
      ask('POST', '/crm/v8/coql', { body: { select_query: `select id from Leads where ${field} = 'DM-1'` } });
    expect(first(query('Relais_Reference'))).toMatchObject({ id: idOf(created) });
    expect(query('Autre').status).toBe(400);
    expect(ask('DELETE', `/crm/v8/Leads/${idOf(created)}`).status).toBe(200);
    expect(query('Relais_Reference')).toEqual({ status: 204 });
  });

  test('left to itself it compares by e-mail, and overwrites whoever has the address', () => {
    const answer = upsert(lead({ Email: 'ANNA@courriel.example' }));
    expect(first(answer)).toMatchObject({ code: 'SUCCESS', action: 'update', duplicate_field: 'Email' });
    expect(crm.records()).toMatchObject([{ lastName: 'Durand', reference: 'DM-1' }]);
  });

  test.each<[string, object]>([
    ['MANDATORY_NOT_FOUND', { Last_Name: '' }],
    ['INVALID_DATA', { Last_Name: 'a'.repeat(81) }],
    ['INVALID_DATA', { Email: 'nobody' }],
    ['INVALID_DATA', { Email_Opt_Out: 'OUI' }],
  ])('%s stands in an answer of success, and nothing is kept', (code, more) => {
    const answer = upsert(lead(more), own);
    expect([answer.status, first(answer)]).toMatchObject([202, { code, status: 'error' }]);
    expect(crm.records()).toHaveLength(1);
  });

  test('drops names it does not know in silence; nobody may be called before a box is ticked, all may be written to', () => {
    const record = lead({ Email: 'd@courriel.example', Mobile: '+33639980001', Budget: 5 });
    expect(first(upsert(record, own))).toMatchObject({ code: 'SUCCESS' });
    expect(crm.records().at(-1)?.mayContact).toEqual({ email: true, phone: false });
    upsert(lead({ Email_Opt_Out: true, Relais_Appel: true }), own);
    expect(crm.records().at(-1)?.mayContact).toEqual({ email: false, phone: true });
  });

  test('a record that is gone cannot be changed or deleted again, and says it in two ways', () => {
    const id = idOf(upsert(lead(), own));
    crm.deletedByHand(id);
    expect(contentOf(ask('DELETE', `/crm/v8/Leads/${id}`))).toMatchObject({ message: 'record not deleted' });
    const changed = ask('PUT', `/crm/v8/Leads/${id}`, { body: { data: [lead()] } });
    expect(first(changed)).toMatchObject({ message: 'the id given seems to be invalid' });
  });

  test('gives ten tokens in ten minutes, then refuses; wrong secrets are told with status 200', () => {
    expect(getToken(asked.replace('=renouvellement', '=autre'))).toMatchObject({
      status: 200,
      body: '{"error":"invalid_code"}',
    });
    for (let turn = 1; turn < 10; turn += 1) expect(getToken().status).toBe(200);
    expect(contentOf(getToken())).toMatchObject({ error: 'Access Denied' });
    expect(crm.complaints()).toEqual([expect.stringContaining('1 tokens')]);
    clock = 600_001;
    expect(getToken().status).toBe(200);
    crm.keyIsGood(false);
    expect(contentOf(upsert(lead(), own))).toMatchObject({ code: 'INVALID_TOKEN' });
    token = `Zoho-oauthtoken ${tokenOf(getToken())}`;
    expect([upsert(lead(), own).status, crm.wrongKeys()]).toEqual([403, 2]);
  });
});
