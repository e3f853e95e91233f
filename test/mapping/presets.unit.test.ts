// The presets: each extended by the smallest file a client needs, its body as the CRM's documentation shows it, recorded answers.
import type { ConsentChannel, ConsentState, Lead } from '../../src/domain/lead.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { formatProblem } from '../../src/mapping/document/problems.ts';
import { bodiesOf } from './calls/calls-support.ts';
import { check, demoClient, lead, presetTexts, problemsOf, written } from './support.ts';

const presets = presetTexts;

const recordedAt = new Date('2026-11-20T09:15:00Z');
const says = (channel: ConsentChannel, state: ConsentState) => ({
  ...{ purpose: 'marketing' as const, channel, state, recordedAt },
  ...{ legalEntity: 'DEMO SAS', wordingVersion: 'w3' },
});
const person = (email: ConsentState, phone: ConsentState): Lead =>
  lead({
    identity: {
      civility: 'ms',
      lastName: 'Durand',
      firstName: 'Élise',
      email: 'E.Durand@courriel.example',
      mobile: '+33639980001',
    },
    project: { programme: 'DM-LYON', comment: 'Balcon\nOPTIN: OUI' },
    consents: [says('email', email), says('phone', phone), says('sms', phone)],
  });

type Recorded = [
  status: number,
  body: unknown,
  outcome: string,
  more?: object,
  headers?: Readonly<Record<string, string>>,
];

interface Case {
  /** What the client's file adds. */
  readonly own: string;
  /** The body of a lead with e-mail granted and phone refused. */
  readonly body: unknown;
  /** Part of the body when both were withdrawn. */
  readonly withdrawn: unknown;
  readonly answers: readonly Recorded[];
}

const url = 'send: {url: https://crm.demo.example/api}';
const optin =
  'consent: [{to: properties.optin_email, channel: email, values: {granted: "true", refused: "false", not_asked: "false", withdrawn: "false"}}]';

/** What stands in words where a CRM has no place for it. */
const proof = [
  ...['E-mail : accord', 'E-mail, le 20/11/2026 10:15', 'E-mail, texte w3'],
  ...['Téléphone : refus', 'Téléphone, le 20/11/2026 10:15', 'Téléphone, texte w3'],
].join('\n');

const cases: Readonly<Record<string, Case>> = {
  salesforce: {
    own: 'send: {base: https://crm.demo.example, auth: {oauth2: {grant: client_credentials, clientSecret: secret:SALESFORCE_CLIENT_SECRET}}}',
    body: {
      ...{ LastName: 'Durand', FirstName: 'Élise', Company: 'n/a', Email: 'E.Durand@courriel.example' },
      ...{ MobilePhone: '+33639980001', LeadSource: 'seloger' },
      Description: 'Balcon OPTIN: OUI\nProgramme : DM-LYON',
      ...{ HasOptedOutOfEmail: false, DoNotCall: true, Relais_OptIn__c: proof },
    },
    withdrawn: { HasOptedOutOfEmail: true, DoNotCall: true },
    // All of them stand in its folder; preset-answers.unit.test.ts reads them.
    answers: [[400, [{ errorCode: 'DUPLICATES_DETECTED' }], 'refused', { reason: 'duplicate_rule' }]],
  },
  'salesforce-web-to-lead': {
    own: 'fields: [{to: oid, value: 00D000000000001}, {preset: rest}]',
    body: {
      ...{ oid: '00D000000000001', last_name: 'Durand', first_name: 'Élise', company: 'n/a' },
      ...{ email: 'E.Durand@courriel.example', mobile: '0639980001', lead_source: 'seloger' },
      // In lines: what the prospect wrote can begin none of ours.
      ...{ description: 'Balcon OPTIN: OUI\nProgramme : DM-LYON', emailOptOut: '0', doNotCall: '1' },
    },
    withdrawn: { emailOptOut: '1', doNotCall: '1' },
    answers: [
      [200, '', 'unconfirmed'],
      [302, '', 'unconfirmed'],
      [503, '', 'unavailable'],
      [404, '', 'unknown'],
    ],
  },
  zoho: {
    own: 'send: {base: https://crm.demo.example, auth: {oauth2: {tokenUrl: https://crm.demo.example/oauth/v2/token}}}',
    body: {
      data: [
        {
          ...{ Relais_Reference: 'DM-1', Last_Name: 'Durand', First_Name: 'Élise' },
          ...{ Email: 'E.Durand@courriel.example', Mobile: '+33639980001', Lead_Source: 'seloger' },
          Description: 'Balcon OPTIN: OUI\nProgramme : DM-LYON',
          ...{ Email_Opt_Out: false, Relais_Appel: false, Relais_Preuve: proof },
        },
      ],
      duplicate_check_fields: ['Relais_Reference'],
    },
    withdrawn: { data: [{ Email_Opt_Out: true, Relais_Appel: false }] },
    answers: [
      [
        200,
        { data: [{ code: 'SUCCESS', action: 'update', duplicate_field: 'Email', details: { id: '9' } }] },
        'invalid',
        { reason: 'merged_with_another' },
      ],
    ],
  },
  dynamics: {
    own: 'send: {base: https://crm.demo.example, auth: {oauth2: {tokenUrl: https://crm.demo.example/t/oauth2/v2.0/token, scope: https://crm.demo.example/.default}}}',
    body: {
      ...{ subject: 'DM-LYON DM-1', lastname: 'Durand', firstname: 'Élise' },
      ...{ emailaddress1: 'E.Durand@courriel.example', mobilephone: '+33639980001' },
      description: 'Origine : seloger\nBalcon OPTIN: OUI',
      ...{ donotbulkemail: false, donotphone: true, relais_optin: proof },
    },
    withdrawn: { donotbulkemail: true, donotphone: true },
    answers: [[500, { error: { code: '0x80040333' } }, 'refused', { reason: 'duplicate_detection' }]],
  },
  espocrm: {
    own: url,
    body: {
      ...{ cRelaisReference: 'DM-1', lastName: 'Durand', firstName: 'Élise' },
      ...{ emailAddress: 'E.Durand@courriel.example', phoneNumber: '+33639980001' },
      ...{ addressStreet: null, addressPostalCode: null, addressCity: null },
      description: 'Balcon OPTIN: OUI\nProgramme : DM-LYON\nOrigine : seloger',
      ...{ emailAddressIsOptedOut: false, phoneNumberIsOptedOut: true, doNotCall: true },
      cRelaisOptIn: proof,
    },
    withdrawn: { emailAddressIsOptedOut: true, phoneNumberIsOptedOut: true, doNotCall: true },
    // All of them stand in its folder; preset-answers.unit.test.ts reads them.
    answers: [[409, [], 'invalid', { reason: 'duplicate_check' }]],
  },
};

function publish(name: string, own: string): CompiledMapping {
  const text = `extends: presets/${name}\ndestination: demo-crm\n${own}\n`;
  const client = demoClient.replace(
    'hosts: [',
    'hosts: [api.hubapi.com, api.sellsy.com, login.sellsy.com, api.brevo.com, api.pipedrive.com, webto.salesforce.com, ',
  );
  const result = check(text, { ...presets, 'demo/client.yaml': client });
  const problems = result.ok ? result.warnings : result.problems;
  expect(problems.map(formatProblem)).toEqual([]);
  if (!result.ok) throw new Error('refused');
  return result.mapping;
}

const read = (text: string): unknown =>
  text.startsWith('{') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));

describe.each(Object.entries(cases))('%s', (name, { own, body, withdrawn, answers }) => {
  test('writes what the documentation shows, with the opt-in in its own shape', () => {
    const mapping = publish(name, own);
    expect(read(written(mapping, person('granted', 'refused')))).toEqual(body);
    expect(read(written(mapping, person('withdrawn', 'withdrawn')))).toMatchObject(withdrawn as object);
  });

  test.each<Recorded>(answers)(
    'an answer %s %j is %s',
    (...[status, content, outcome, more, headers = {}]) => {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      const answer = { status, headers, mediaType: 'application/json', text, truncated: false };
      expect(publish(name, own).classify(answer, 'create')).toMatchObject({ kind: outcome, ...more });
    },
  );
});

test('salesforce is let in with a certificate as well, where the client’s file says so', () => {
  const oauth2 =
    '{grant: jwt_bearer, assertion: {key: secret:KEY, subject: relais@demo.example, audience: https://login.salesforce.com}}';
  const own = `send: {base: https://crm.demo.example, auth: {oauth2: ${oauth2}}}`;
  const settings = publish('salesforce', own).actions.create?.settings;
  expect(settings).toMatchObject({
    auth: { oauth2: { grant: 'jwt_bearer', tokenUrl: 'https://crm.demo.example/services/oauth2/token' } },
  });
  expect(JSON.stringify(settings)).not.toContain('clientSecret');
});

test('dynamics also forbids single mails where the client’s file asks for it', () => {
  const line =
    '{to: donotemail, channel: email, inverted: confirmed, values: {granted: false, refused: true, not_asked: true, withdrawn: true}}';
  const own = `${cases['dynamics']?.own ?? ''}\nconsent: [${line}, {preset: rest}]`;
  expect(read(written(publish('dynamics', own), person('refused', 'granted')))).toMatchObject({
    ...{ donotemail: true, donotbulkemail: true, donotphone: false },
  });
});

test('every preset of a CRM has its case here', () => {
  const apart = [
    'nocrm',
    'sellsy',
    'brevo',
    'dolibarr',
    'hubspot',
    'pipedrive',
    'http-json',
    'adf-mail',
    'csv-portail',
    'csv-excel',
    // presets-erp.unit.test.ts has these.
    'odoo',
    'tryton',
    // presets-odoo-rpc.unit.test.ts and presets-form.unit.test.ts these.
    'odoo-jsonrpc',
    'odoo-xmlrpc',
    'dolibarr-form',
    // presets-property.unit.test.ts these.
    'adlead',
    'apimo',
    'aviv',
    'oplead',
    // Held by their recorded answers and trials alone.
    'espocrm-lead-capture',
    'suitecrm',
    'http-xml',
  ];
  const names = Object.keys(presets).map((name) => name.slice('presets/'.length, -'/mapping.yaml'.length));
  expect(names.filter((name) => !apart.includes(name)).toSorted()).toEqual(Object.keys(cases).toSorted());
});

test('C16: where a CRM keeps the opt-in by address and may make two entries of one, it gets one lead at a time', () => {
  // Brevo and HubSpot hold an e-mail once; so does Odoo's list, where the second at the same moment tries again.
  const once = ['brevo', 'hubspot', 'odoo', 'odoo-jsonrpc', 'odoo-xmlrpc'];
  const others = Object.entries(presets).flatMap(([path, text]) => {
    const name = path.slice('presets/'.length, -'/mapping.yaml'.length);
    return text.includes('keptBy: address') && !once.includes(name)
      ? [[name, /^limits: .*$/m.exec(text)?.[0]] as const]
      : [];
  });
  const single = 'limits: { concurrency: 1 }';
  expect(Object.fromEntries(others)).toEqual({
    dolibarr: single,
    espocrm: single,
    'espocrm-lead-capture': single,
    suitecrm: single,
  });
});

describe('brevo: a contact where there is none, its answers wherever it came from, then an event for the request', () => {
  const mapping = publish('brevo', '');
  const attributes = {
    ...{ NOM: 'Durand', PRENOM: 'Élise', RELAIS_TELEPHONE: '+33639980001', RELAIS_APPEL: 'NON' },
    RELAIS_OPTIN: expect.stringContaining('E-mail : accord') as string,
  };
  const email = 'e.durand@courriel.example';

  test('writes what the API takes, who may not be written to on Brevo’s own list', () => {
    expect(bodiesOf(mapping, person('granted', 'refused'))).toEqual({
      contact: { email, ext_id: 'DM-1', updateEnabled: false, emailBlacklisted: false, attributes },
      optin: { email, updateEnabled: true, emailBlacklisted: false, attributes },
      event: expect.objectContaining({
        event_name: 'relais_demande',
        identifiers: { email_id: email },
        event_properties: expect.objectContaining({ reference: 'DM-1', telephone: '+33639980001' }) as object,
      }) as object,
    });
    expect(bodiesOf(mapping, person('withdrawn', 'granted'))).toMatchObject({
      contact: { emailBlacklisted: true, attributes: { RELAIS_APPEL: 'OUI' } },
      optin: { emailBlacklisted: true, attributes: { RELAIS_APPEL: 'OUI' } },
    });
  });

  test('somebody without an address is known by our reference', () => {
    const { lastName, mobile } = person('granted', 'granted').identity ?? {};
    const unwritten = { ...person('granted', 'granted'), identity: { lastName, mobile } } as Lead;
    expect(bodiesOf(mapping, unwritten)).toMatchObject({
      contact: { ext_id: 'DM-1' },
      optin: { ext_id: 'DM-1', updateEnabled: true },
      event: { identifiers: { ext_id: 'DM-1' } },
    });
  });
});

describe('nocrm: a title, a description with the answers in words, and tags', () => {
  const mapping = publish('nocrm', 'send: {base: https://crm.demo.example}');

  test('writes every line with its label, and what a person wrote forges none', () => {
    const { title, description, tags } = read(written(mapping, person('granted', 'refused'))) as Readonly<
      Record<string, string>
    >;
    expect([title, tags]).toEqual(['Élise Durand DM-LYON', ['optin-email']]);
    const lines = description?.split('\n') ?? [];
    expect(lines).toEqual(
      expect.arrayContaining(['Relais: DM-1', 'Nom: Durand', 'Accord e-mail: OUI', 'Accord téléphone: NON']),
    );
    expect(lines).toContain('Message: Balcon OPTIN: OUI');
  });

  test('a withdrawal takes the words and the tag back', () => {
    const { description, tags } = read(written(mapping, person('withdrawn', 'withdrawn'))) as Readonly<
      Record<string, string>
    >;
    expect([description?.includes('Accord e-mail: NON (accord retiré)'), tags]).toEqual([true, []]);
  });
});

describe('sellsy: a prospect with its channels, then the proof', () => {
  const mapping = publish('sellsy', 'parameters: {proof_field: 12}');
  const captured = { 'individual.id': 77 };

  test('writes what the API takes, the opt-in as the list of channels, empty after a no', () => {
    expect(bodiesOf(mapping, person('granted', 'refused'), { captured })).toMatchObject({
      individual: {
        ...{ type: 'prospect', civility: 'mrs', first_name: 'Élise', last_name: 'Durand', reference: 'DM-1' },
        ...{ mobile_number: '+33639980001', marketing_campaigns_subscriptions: ['email'] },
      },
      proof: [{ id: 12, value: expect.stringContaining('E-mail : accord\n') as string }],
    });
    expect(bodiesOf(mapping, person('withdrawn', 'refused'), { captured, action: 'update' })).toMatchObject({
      email_off: { marketing_campaigns_subscriptions: [] },
    });
  });
});

describe('dolibarr: a third party without an address, then its contact with the opt-in', () => {
  const mapping = publish('dolibarr', 'send: {base: https://crm.demo.example}');
  const captured = { 'company.id': 1001 };

  test('writes what the API takes, the refusal in Dolibarr’s own place', () => {
    expect(bodiesOf(mapping, person('granted', 'refused'), { captured })).toMatchObject({
      company: {
        ...{ ref_ext: 'DM-1', name: 'Élise Durand', client: 2, code_client: '-1' },
        note_private: 'Balcon OPTIN: OUI\nProgramme : DM-LYON\nOrigine : seloger',
      },
      contact: {
        ...{ ref_ext: 'DM-1', socid: 1001, lastname: 'Durand', firstname: 'Élise', no_email: 0 },
        ...{ email: 'E.Durand@courriel.example', phone_mobile: '+33639980001' },
        array_options: { options_relais_appel: 0 },
      },
    });
    expect(bodiesOf(mapping, person('withdrawn', 'granted'), { captured })).toMatchObject({
      contact: { no_email: 1, array_options: { options_relais_appel: 1 } },
    });
  });

  test('no address of a person stands in the call that carries no opt-in, and no first name leaves no blank', () => {
    const { lastName, email, mobile } = person('granted', 'granted').identity ?? {};
    const unnamed = { ...person('granted', 'granted'), identity: { lastName, email, mobile } } as Lead;
    const { company } = bodiesOf(mapping, unnamed, { captured });
    expect(company).toMatchObject({ name: 'Durand' });
    expect(JSON.stringify(company)).not.toMatch(/courriel|\+336/);
  });
});

describe('hubspot: a contact, its subscription, then a deal that names it', () => {
  const mapping = publish('hubspot', 'parameters: { subscription: 12 }');
  const captured = { 'contact.id': '512', 'deal.id': '77' };
  const wish = { subscriberIdString: 'e.durand@courriel.example', channel: 'EMAIL', subscriptionId: 12 };

  test('writes what the documentation shows, the answer for e-mail as a subscription of the address', () => {
    const bodies = bodiesOf(mapping, person('granted', 'refused'), { captured });
    expect(bodies).toMatchObject({
      contact: {
        properties: {
          ...{ relais_reference: 'DM-1', lastname: 'Durand', firstname: 'Élise' },
          ...{ email: 'e.durand@courriel.example', mobilephone: '+33639980001', relais_optin_phone: 'false' },
        },
      },
      unsubscribe: '(not made)',
      subscribe: { inputs: [{ ...wish, statusState: 'SUBSCRIBED', legalBasis: 'CONSENT_WITH_NOTICE' }] },
      optin: { properties: { relais_optin_phone: 'false' } },
      deal: {
        properties: { relais_reference: 'DM-1', relais_phone: '+33639980001', relais_optin_phone: 'false' },
        associations: [
          {
            to: { id: '512' },
            types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 3 }],
          },
        ],
      },
    });
  });

  test.each<ConsentState>(['refused', 'not_asked', 'withdrawn'])('%s is never a subscription', (state) => {
    const bodies = bodiesOf(mapping, person(state, state), { captured });
    expect(bodies).toMatchObject({
      subscribe: '(not made)',
      unsubscribe: { inputs: [{ ...wish, statusState: 'UNSUBSCRIBED' }] },
      optin: { properties: { relais_optin_phone: 'false' } },
    });
  });

  test('the contact that has the address already is the one the deal will name', () => {
    const answer = {
      status: 409,
      headers: {},
      mediaType: 'application/json',
      text: JSON.stringify({
        category: 'CONFLICT',
        message: 'Contact already exists. Existing ID: 37765128953',
      }),
      truncated: false,
    };
    expect(mapping.classify(answer, 'create', { action: 'create', name: 'contact' })).toMatchObject({
      kind: 'duplicate',
      captures: { 'contact.id': '37765128953' },
    });
  });
});

describe('pipedrive: a person, then a lead that names it, then a note', () => {
  const keys =
    'parameters: {person_reference: p1, person_email: p2, person_phone: p3, person_optin: p4, lead_reference: l1}';
  const mapping = publish('pipedrive', keys);
  const someone = person('granted', 'refused');

  test('writes what the documentation shows, the opt-in with the person, fields under the client’s own keys', () => {
    const captured = { 'person.id': 12, 'lead.id': 'adf21080-0e10' };
    expect(bodiesOf(mapping, someone, { captured })).toEqual({
      person: {
        ...{ name: 'Élise Durand', emails: [{ value: 'E.Durand@courriel.example', primary: true }] },
        ...{ phones: [{ value: '+33639980001', primary: true }], marketing_status: 'subscribed' },
        custom_fields: {
          p1: 'DM-1',
          p2: 'OUI',
          p3: 'NON',
          p4: expect.stringContaining('E-mail : accord') as string,
        },
      },
      lead: { title: 'DM-LYON DM-1', person_id: 12, l1: 'DM-1' },
      note: {
        content: 'Balcon OPTIN: OUI\nProgramme : DM-LYON\nOrigine : seloger',
        lead_id: 'adf21080-0e10',
      },
    });
    expect(bodiesOf(mapping, person('withdrawn', 'refused'), { captured })).toMatchObject({
      person: { marketing_status: 'unsubscribed', custom_fields: { p2: 'NON' } },
    });
  });

  test('a change never subscribes, and after a no the person is read back', () => {
    const captured = { 'person.id': 12, 'lead.id': 'adf21080-0e10', 'note.id': 3 };
    const { person: yes, unsubscribed } = bodiesOf(mapping, someone, { captured, action: 'update' });
    expect(yes).not.toHaveProperty('marketing_status');
    expect(unsubscribed).toBe('(not made)');
    expect(bodiesOf(mapping, person('withdrawn', 'refused'), { captured, action: 'update' })).toMatchObject({
      person: { marketing_status: 'unsubscribed' },
      unsubscribed: { custom_fields: { p1: 'DM-1' } },
    });
  });

  test('a call of the client’s file is laid over that of the preset', () => {
    const own = `${keys}\ncalls:\n  - {name: person, fields: [{to: label, value: 5}, {preset: rest}]}`;
    expect(bodiesOf(publish('pipedrive', own), someone)['person']).toMatchObject({
      label: 5,
      name: 'Élise Durand',
    });
  });

  test('and a mistake in its call is told in its own file, one of the preset in the preset', () => {
    const text = `extends: presets/pipedrive\ndestination: demo-crm\n${keys}\ncalls:\n  - {name: lead, fields: [{to: a, from: calls.persn.id}]}\n`;
    const client = demoClient.replace('hosts: [', 'hosts: [api.pipedrive.com, ');
    const files = { ...presets, 'demo/client.yaml': client };
    expect(problemsOf(text, files)).toContain(
      'mappings/demo/crm.yaml:5:41  MAP-201  no earlier call captures "calls.persn.id". Did you mean "calls.person.id"?',
    );
    const broken = (presets['presets/pipedrive/mapping.yaml'] ?? '').replace(
      'from: identity.email ',
      'from: identity.emial ',
    );
    expect(
      problemsOf(text.replace('persn', 'person'), {
        ...files,
        'presets/pipedrive/mapping.yaml': broken,
      }).join(),
    ).toContain('mappings/presets/pipedrive/mapping.yaml:');
  });
});

test('adf-mail: an XML attachment whose comments hold the opt-in', () => {
  const mapping = publish(
    'adf-mail',
    'connector: email\nsend: {to: leads@demo.example, from: leads@relais.example, smtp: secret:SMTP}',
  );
  const text = written(mapping, person('granted', 'refused'));
  expect(text).toContain('<?adf version="1.0"?>\n<adf>\n  <prospect status="new">');
  expect(text).toContain(
    '<comments><![CDATA[Programme : DM-LYON\nMessage : Balcon OPTIN: OUI\nAccord e-mail : OUI\nAccord téléphone : NON]]></comments>',
  );
});

const file =
  'connector: flow\nfile: {name: "l_{seq:6}.csv", to: "sftp:demo/in", schedule: {cron: "0 7 * * *"}, server: {host: sftp.demo.example, user: relais, password: secret:DEMO, hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}';
const yesNo =
  'consent: [{to: ACCORD, channel: email, values: {granted: true, refused: false, not_asked: false, withdrawn: false}}]';

test('csv-portail: the dialect of the portals', () => {
  const mapping = publish(
    'csv-portail',
    `${file}\n${yesNo}\nfields: [{to: NOTE, from: comment}, {to: NOM, from: identity.lastName}]`,
  );
  expect(written(mapping, person('granted', 'refused'))).toBe('"Balcon<BR>OPTIN: OUI"!#"Durand"!#"OUI"\r\n');
});

test('csv-excel: opens in French Excel, formulas defused, phones without +', () => {
  const own = `${file}\n${yesNo}\nfields: [{to: NOTE, from: comment}, {to: PRIX, from: project.budgetMax}, {to: TEL, from: identity.mobile, as: {phone: spaced}}]`;
  const someone = lead({ project: { comment: '=1+1', budgetMax: 2.5 } });
  expect(written(publish('csv-excel', own), someone)).toBe(
    "NOTE;PRIX;TEL;ACCORD\r\n'=1+1;2,5;06 39 98 00 01;Oui\r\n",
  );
  expect(
    problemsOf(
      `extends: presets/csv-excel\ndestination: demo-csv\n${file}\n${yesNo}\nfields: [{to: TEL, from: identity.mobile}]`,
      presets,
    ).join(),
  ).toContain('MAP-701');
});

test('a preset that is one file, as in versions published before presets had folders, still counts', () => {
  const own = `extends: presets/mine\ndestination: demo-crm\n${url}\nresponse: [{accepted: {status: 201, json: {ok: true}}}]\n${optin}`;
  const preset = 'connector: webhook\nfields: [{to: nom, from: identity.lastName}]\n';
  for (const name of ['presets/mine.yaml', 'presets/mine/mapping.yaml'])
    expect(problemsOf(own, { [name]: preset })).toEqual([]);
  expect(problemsOf(own.replace('mine', 'espcrm'), presets).join()).toContain(
    'preset "presets/espcrm" does not exist. Did you mean "presets/espocrm"?',
  );
});

describe('a file over its preset', () => {
  test('lines of its own stand beside the preset’s, and its own target wins', () => {
    const own =
      'send: {base: https://crm.demo.example}\nfields:\n  - {to: zone, value: SUD}\n  - {preset: rest}\n  - {to: lastName, from: identity.lastName, as: upper}\nconsent:\n  - {preset: rest}\n  - {to: sms, channel: sms, values: {granted: 1, refused: 0, not_asked: 0, withdrawn: 0}}';
    const body = JSON.parse(written(publish('espocrm', own), person('granted', 'granted'))) as object;
    expect(Object.keys(body).filter((name) => !name.startsWith('address'))).toEqual([
      ...['zone', 'cRelaisReference', 'firstName', 'emailAddress', 'phoneNumber', 'description', 'lastName'],
      ...['emailAddressIsOptedOut', 'phoneNumberIsOptedOut', 'doNotCall', 'cRelaisOptIn', 'sms'],
    ]);
    expect(body).toMatchObject({ lastName: 'DURAND', sms: 1, doNotCall: false });
  });

  test('a mistake in a line of the preset is told in the preset', () => {
    const broken = {
      ...presets,
      'presets/own.yaml': 'connector: webhook\nfields:\n  - {to: a, from: identity.nom}\n',
    };
    const text = `extends: presets/own\ndestination: demo-crm\n${url}\nresponse: [{accepted: {status: 201, json: {ok: true}}}]\nconsent: [{to: O, channel: email, values: {granted: 1, refused: 0, not_asked: 0, withdrawn: 0}}]\nfields: [{to: b, value: 1}, {preset: rest}]\n`;
    expect(problemsOf(text, broken)).toEqual([
      expect.stringMatching(
        /^mappings\/presets\/own\.yaml:3:19 {2}MAP-201 {2}source "identity\.nom" does not exist\./,
      ),
    ]);
  });

  test('{preset: rest} without a preset is told', () => {
    const text = `destination: demo-crm\nconnector: webhook\n${url}\nresponse: [{accepted: {status: 201, json: {ok: true}}}]\nconsent: [{preset: rest}]\nfields: [{preset: rest}]\n`;
    expect(problemsOf(text).filter((problem) => problem.includes('MAP-411'))).toHaveLength(2);
  });
});

describe('parameters: what each client gives a preset, once', () => {
  const own = {
    ...presets,
    'presets/own.yaml': [
      ...['connector: webhook', 'parameters: {key: null, list: null, stage: new}'],
      'send: {base: https://crm.demo.example, url: /api, lookup: {url: "/api?field=${key}&term={leadReference}"}}',
      'fields:',
      "  - {to: 'custom.${key}', from: id}",
      "  - {to: list, value: '${list}'}",
      "  - {to: stage, value: 'stage ${stage}'}",
      'response:',
      '  - {accepted: {status: 201, json: {ok: true}}}',
      '  - {accepted: {status: 200, json: {ok: true}}, on: lookup}',
      '  - {absent: {status: 404}, on: lookup}',
    ].join('\n'),
  };
  const text = (given: string): string =>
    `extends: presets/own\ndestination: demo-crm\n${given}consent: [{to: O, channel: email, values: {granted: 1, refused: 0, not_asked: 0, withdrawn: 0}}]\n`;

  test('stand in targets, addresses and values; alone in a value a number stays a number; a default holds', () => {
    const result = check(text('parameters: {key: 5f1c, list: 12}\n'), own);
    if (!result.ok) throw new Error(result.problems.map(formatProblem).join());
    expect(read(written(result.mapping, person('granted', 'granted')))).toEqual({
      ...{ custom: { '5f1c': 'DM-1' }, list: 12, stage: 'stage new', O: 1 },
    });
    expect(result.mapping.actions.create?.settings).toMatchObject({
      lookup: { url: 'https://crm.demo.example/api?field=5f1c&term={leadReference}' },
    });
  });

  test('one that is not given is asked for where the file names the preset', () => {
    expect(problemsOf(text('parameters: {key: 5f1c}\n'), own)).toEqual([
      "mappings/demo/crm.yaml:1:10  MAP-426  presets/own asks for the client's own parameters: list.",
    ]);
  });
});
