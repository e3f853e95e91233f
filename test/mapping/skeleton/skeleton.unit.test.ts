// Drafting a mapping from a client's own sample: what is guessed, what is asked, and that the draft can be used.
import fc from 'fast-check';
import { connectors } from '../../../connectors/index.ts';
import { checkSources } from '../../../src/mapping/check.ts';
import type { CheckResult } from '../../../src/mapping/contract.ts';
import { makeSkeleton, type Skeleton, yamlLine } from '../../../src/mapping/skeleton/skeleton.ts';
import { parse } from 'yaml';
import { lead, situation, written } from '../support.ts';

interface Draft {
  readonly made: Skeleton;
  readonly text: string;
  readonly result: CheckResult;
}

function draftOf(sample: unknown, more: Partial<Parameters<typeof makeSkeleton>[0]> = {}): Draft {
  const text = typeof sample === 'string' ? sample : JSON.stringify(sample);
  const made = makeSkeleton(
    {
      ...{ clientId: 'demo', company: 'Démo', sampleName: 'sample' },
      sample: Buffer.from(text),
      ...more,
    },
    Object.values(connectors),
  );
  if (typeof made === 'string') throw new Error(made);
  const main = Object.keys(made.files).find((name) => !name.endsWith('client.yaml')) ?? '';
  const sources = { clientId: 'demo', destinationId: made.destinationId, main, files: made.files };
  return { made, text: made.files[main] ?? '', result: checkSources(sources, { connectors }) };
}

const guessed = ({ made }: Draft): Readonly<Record<string, string>> =>
  Object.fromEntries(made.guessed.map(({ target, from }) => [target, from]));
const codesOf = ({ result }: Draft): readonly string[] =>
  (result.ok ? result.warnings : result.problems)
    .filter((one) => one.severity === 'error')
    .map((one) => one.code);
/** A line of the file without its mark. */
const lineOf = ({ text }: Draft, target: string): string =>
  (text.split('\n').find((line) => line.startsWith(`  - { to: ${target},`)) ?? '')
    .replace(/ # guess.*/, '')
    .trim();

const optIn = { RGPD_OPTIN: 'OUI' };

describe('a JSON body becomes a mapping that writes its like', () => {
  const draft = draftOf({
    ...{ reference: 'A-1', ...optIn, dateDemande: '24/11/2026 10:15' },
    contact: { civilite: 'Mme', nom: 'MARTIN', prenom: 'Claire', telephone: '06 39 98 00 12', cp: '69003' },
    projet: { programme: 'DM-LYON', nbPieces: 3, budget: 285000 },
  });
  test('which the check takes', () => expect(codesOf(draft)).toEqual([]));
  test('and which writes a lead the way the sample is written', () => {
    if (!draft.result.ok) throw new Error('refused');
    const one = lead({
      ...{ reference: 'B-2', project: { programme: 'DM-NICE', rooms: 2, budgetMax: 190000.4 } },
      identity: {
        civility: 'mr',
        lastName: 'Noël',
        firstName: 'Jean',
        mobile: '+33639980001',
        address: { postcode: '06000' },
      },
    });
    expect(JSON.parse(written(draft.result.mapping, one, situation()))).toEqual({
      ...{ reference: 'B-2', dateDemande: '20/11/2026 10:15', RGPD_OPTIN: 'OUI' },
      contact: { civilite: 'M', nom: 'NOËL', prenom: 'Jean', telephone: '06 39 98 00 01', cp: '06000' },
      projet: { programme: 'DM-NICE', nbPieces: 2, budget: 190000 },
    });
  });
  test('and in which every guess is marked', () => {
    const lines = draft.text.split('\n').filter((line) => line.startsWith('  - '));
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line).toMatch(/ # guess: ./);
  });
});

test.each([
  ['leads', (one: unknown) => ({ leads: [one] })],
  ['data.leads', (one: unknown) => ({ data: { leads: [one] } })],
])('a lead wrapped in the JSON list %s is written into it', (_name, wrap) => {
  const draft = draftOf(wrap({ contact: { nom: 'MARTIN' }, ...optIn, appels: [{ type: 'web_form' }] }));
  expect(codesOf(draft)).toEqual([]);
  if (!draft.result.ok) throw new Error('refused');
  const one = lead({ interactions: [{ kind: 'web_form', at: new Date(), voluntary: true }] });
  const body = JSON.parse(written(draft.result.mapping, one, situation())) as unknown;
  expect(body).toEqual(
    wrap({ contact: { nom: 'DURAND' }, appels: [{ type: 'web_form' }], RGPD_OPTIN: 'OUI' }),
  );
  expect(draft.made.open.join()).toContain('is in the list "leads"');
});

test('a list beside other fields is a list of the lead, and one of several files is refused', () => {
  const beside = draftOf({ nom: 'MARTIN', ...optIn, appels: [{ type: 'web_form' }] });
  expect(beside.text).not.toContain('[0]');
  const wrapped = JSON.stringify({ leads: [{ nom: 'MARTIN', ...optIn }] });
  expect(() => draftOf(wrapped, { to: 'sftp://sftp.demo.example/in' })).toThrow('list inside the body');
});

test.each([
  ['nom', 'Martin', 'identity.lastName'],
  ['LastName', 'Martin', 'identity.lastName'],
  ['prospect_nom', 'Martin', 'identity.lastName'],
  ['PRENOM', 'Claire', 'identity.firstName'],
  ['first_name', 'Claire', 'identity.firstName'],
  ['fullName', 'Claire Martin', '{{identity.firstName}} {{identity.lastName}}'],
  ['adresse_email', 'c@courriel.example', 'identity.email'],
  ['zz9', 'c@courriel.example', 'identity.email'],
  ['TelPortable', '0639980012', 'identity.mobile'],
  ['tel_fixe', '0199000012', 'identity.landline'],
  ['zz9', '06 39 98 00 12', 'identity.phone'],
  ['codePostal', '69003', 'identity.address.postcode'],
  ['ZIP', '69003', 'identity.address.postcode'],
  ['ville', 'Lyon', 'identity.address.city'],
  ['adresse', '12 rue', 'identity.address.line1'],
  ['budget_max', 285000, 'project.budgetMax'],
  ['BudgetMin', 100000, 'project.budgetMin'],
  ['surface_max', 80, 'project.surfaceMax'],
  ['nb_pieces', 3, 'project.rooms'],
  ['code_programme', 'X', 'project.programme'],
  ['commentaires', 'Bonjour', 'comment'],
  ['utm_source', 'x', 'origin.media'],
  ['date_creation', '2026-11-24', 'collectedAt'],
  ['leadId', 'x', 'id'],
])('%s, for example %j, is guessed as %s', (name, value, source) => {
  expect(guessed(draftOf({ [name]: value, ...optIn }))[name]).toBe(source);
});

test.each([
  ['date_naissance', '24/11/1980'],
  ['zz9', 'anything'],
  ['budget', 'élevé'],
  ['mobile', true],
  ['date', 'hier'],
  ['telephone', 'le soir'],
])('%s, for example %j, is not guessed but listed', (name, value) => {
  const draft = draftOf({ [name]: value, nom: 'x', ...optIn });
  expect(guessed(draft)[name]).toBeUndefined();
  expect(draft.made.open.some((line) => line.includes(`: ${name}: `))).toBe(true);
  expect(codesOf(draft)).toEqual([]);
});

test("the agent's and the agency's names are not the prospect's", () => {
  const draft = draftOf({
    agence: { nom: 'Lyon' },
    commercial: { email: 'a@b.example' },
    nom: 'x',
    ...optIn,
  });
  expect(guessed(draft)).toEqual({ nom: 'identity.lastName', 'commercial.email': 'identity.email' });
});

test.each([
  ['dateDemande', '24/11/2026', 'as: { date: dd/MM/yyyy }'],
  ['dateDemande', '2026-11-24T10:15:00Z', 'as: { iso: UTC }'],
  ['dateDemande', '2026-11-24T10:15:00+01:00', 'as: iso'],
  ['dateDemande', '11/24/2026', 'as: { date: MM/dd/yyyy }'],
  ['dateDemande', '20261124', 'as: { date: yyyyMMdd }'],
  ['tel', '06.39.98.00.12', 'as: { phone: dotted }'],
  ['tel', '0033639980012', "as: { phone: '0033' }"],
  ['tel', '+33639980012', 'from: identity.phone }'],
  ['budget', '285 000,50', "as: { number: { decimal: ',', group: ' ', decimals: 2 } }"],
  ['budget', '285000', 'as: [integer, text]'],
  ['civilite', 'MME', 'map: { mr: M, ms: MME, else: omit }'],
  ['civilite', 'Monsieur', 'map: { mr: Monsieur, ms: Madame, else: omit }'],
  ['typeBien', 'APPT', 'map: { apartment: APPT, else: omit }'],
])('%s is written like its example %j', (name, value, expected) => {
  expect(lineOf(draftOf({ [name]: value, ...optIn }), name)).toContain(expected);
});

describe('the opt-in', () => {
  test.each([
    [
      'RGPD_OPTIN',
      'OUI',
      'channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: NON }',
    ],
    [
      'RGPD_OPTIN',
      'NON',
      'channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: NON }',
    ],
    [
      'optinSms',
      true,
      'channel: sms, values: { granted: true, refused: false, not_asked: false, withdrawn: false }',
    ],
    ['consent_tel', 0, 'channel: phone, values: { granted: 1, refused: 0, not_asked: 0, withdrawn: 0 }'],
    ['newsletter', 'Y', 'purpose: newsletter, channel: email, values: { granted: Y, refused: N'],
    ['accord_partenaires', 'N', 'purpose: partners, channel: email, values: { granted: O, refused: N'],
    ['DATE_OPTIN', '24/11/2026', 'channel: email, proof: date, as: { date: dd/MM/yyyy }, empty: omit'],
  ])('%s, for example %j', (name, value, expected) => {
    expect(lineOf(draftOf({ [name]: value, ...(name === 'DATE_OPTIN' ? optIn : {}) }), name)).toContain(
      expected,
    );
  });

  test('as a list of channels is one line for each of them', () => {
    const draft = draftOf({ subscriptions: ['sms', 'postal_mail', 'custom'] });
    expect(draft.made.optIn.map(({ why }) => why)).toEqual(['marketing by sms', 'marketing by post']);
    expect(codesOf(draft)).toEqual([]);
  });

  test.each([['A7'], [''], [null]])(
    'whose values nobody showed (%j) is never invented: the check asks for it',
    (value) => {
      const draft = draftOf({ nom: 'x', RGPD_OPTIN: value });
      expect(codesOf(draft)).toEqual(['MAP-301']);
      expect(draft.text).toContain('#   - { to: RGPD_OPTIN, channel: email, values: { granted: ?');
    },
  );

  test('that says opt-out waits for a person to confirm the inversion', () => {
    const draft = draftOf({ DoNotCall: false });
    expect(lineOf(draft, 'DoNotCall')).toContain(
      'values: { granted: false, refused: true, not_asked: true, withdrawn: true }',
    );
    expect(codesOf(draft)).toEqual(['MAP-304']);
  });

  test('is warned of until its mark is gone, and so are the other guesses', () => {
    const draft = draftOf({ nom: 'x', ...optIn });
    if (!draft.result.ok) throw new Error('refused');
    const codes = draft.result.warnings.map((one) => one.code);
    expect(codes.filter((code) => code === 'MAP-904')).toHaveLength(1);
    expect(codes).toContain('MAP-903');
    const files = Object.fromEntries(
      Object.entries(draft.made.files).map(([name, text]) => [name, text.replaceAll(/ # guess:.*/g, '')]),
    );
    const clean = checkSources(
      { clientId: 'demo', destinationId: 'demo-crm', main: 'demo/crm.yaml', files },
      { connectors },
    );
    expect(clean.ok && clean.warnings.map((one) => one.code)).toEqual(['MAP-901']);
  });
});

describe('other samples', () => {
  test('XML: record, namespaces, attributes that tell elements apart, CDATA, the order kept', () => {
    const draft = draftOf(
      `<?xml version="1.0"?><leads xmlns="urn:d" xmlns:p="urn:p"><lead ref="1"><optin canal="email">1</optin><optin canal="tel">0</optin>
       <nom>Martin</nom><tels><tel type="mob">0639980012</tel><tel type="fix">0199000012</tel></tels><p:pieces>3</p:pieces><note><![CDATA[x]]></note></lead></leads>`,
    );
    expect(codesOf(draft)).toEqual([]);
    expect(draft.text).toContain(
      "xml: { root: leads, record: lead, xmlns: { '': urn:d, p: urn:p }, encoding: utf-8 }",
    );
    if (!draft.result.ok) throw new Error('refused');
    const phone = {
      purpose: 'marketing',
      channel: 'phone',
      state: 'refused',
      recordedAt: new Date(0),
    } as const;
    const one = lead({ project: { rooms: 2, comment: 'a < b' }, consents: [...lead().consents, phone] });
    expect(written(draft.result.mapping, one).replaceAll(/>\s+</g, '><')).toContain(
      '<leads xmlns="urn:d" xmlns:p="urn:p"><lead ref="DM-1"><optin canal="email">1</optin><optin canal="tel">0</optin>' +
        '<nom>Durand</nom><tels><tel type="mob">0639980001</tel></tels><p:pieces>2</p:pieces><note><![CDATA[a < b]]></note></lead></leads>',
    );
  });

  test.each(['ISO-8859-1', 'windows-1252', 'iso-8859-15'])('XML declared in %s stays in it', (encoding) => {
    const sample = Buffer.from(
      `<?xml version="1.0" encoding="${encoding}"?><lead><nom>Cl\u00e9a</nom><optin>1</optin></lead>`,
      'latin1',
    );
    expect(draftOf('', { sample }).text).toContain(`encoding: ${encoding.toLowerCase()} }`);
  });

  test('CSV: delimiter, quotes, encoding, line ends, decimal sign, the columns in their order', () => {
    const sample = Buffer.from('"NOM"!#"OPTIN_TEL"!#"BUDGET"\r\n"Cl\u00e9a"!#"O"!#"285000,5"\r\n', 'latin1');
    const draft = draftOf('', { sample });
    expect(codesOf(draft)).toEqual([]);
    expect(draft.text).toContain(
      "csv: { delimiter: '!#', quote: all, encoding: windows-1252, eol: crlf, header: true, decimal: ',' }",
    );
    expect(draft.text).toMatch(/to: NOM,.*\n {2}- \{ consent: OPTIN_TEL \}\n {2}- \{ to: BUDGET,/);
  });

  test('a CSV header alone: the opt-in waits for its values', () => {
    const draft = draftOf('NOM;PRENOM;OPTIN', { to: 'leads@demo.example' });
    expect(codesOf(draft)).toEqual(['MAP-301']);
    expect(draft.text).toContain('#   - { to: OPTIN,');
  });

  test('a CSV of several rows: an empty cell is filled by the rows below, and both words of the opt-in are seen', () => {
    const draft = draftOf('NOM;CP;OPTIN\nMartin;;\nDurand;69003;Non\nMoreau;69003;Oui');
    expect(draft.text).toContain('values: { granted: Oui, refused: Non, not_asked: Non, withdrawn: Non } }');
    expect(draft.text).toContain('; the sample shows Non and Oui\n');
    expect(draft.text).toContain('to: CP, from: identity.address.postcode');
  });

  test('a CSV whose opt-in has a third word: a person gives the value of each state', () => {
    const draft = draftOf('NOM;OPTIN\nMartin;Oui\nDurand;NSP\nMoreau;Non');
    expect(codesOf(draft)).toEqual(['MAP-301']);
    expect(draft.made.open.join('\n')).toContain(
      'its values are Oui, NSP, Non: ask for the one of each state',
    );
  });

  test.each(['ACCEPTE', 'REFUSE'])('an agreement named after its channel, with %s', (said) => {
    const draft = draftOf(`NOM;ACCORD_EMAIL;ACCORD_SMS\nMartin;${said};${said}`);
    const values = 'values: { granted: ACCEPTE, refused: REFUSE, not_asked: REFUSE, withdrawn: REFUSE }';
    for (const channel of ['email', 'sms'])
      expect(draft.text).toContain(
        `  - { to: ACCORD_${channel.toUpperCase()}, channel: ${channel}, ${values} } # guess`,
      );
  });

  test('attributes around the records of an XML file are left to a person, by their names', () => {
    const lead = '<lead><nom>x</nom><optin>O</optin></lead>';
    const draft = draftOf(`<leads xmlns="urn:d" date="2026-11-20" nb="1">${lead}</leads>`);
    expect(draft.made.open).toContain('crm.yaml: <leads> has attributes: xml.rootAttributes: { date, nb }');
    expect(codesOf(draft)).toEqual([]);
  });

  test('a form', () => {
    const draft = draftOf('nom=Martin&tel=0639980012&optin=1&a.b=2');
    expect(codesOf(draft)).toEqual([]);
    expect(draft.text).toContain('form: {}');
  });

  test.each([
    ['', 'it is empty'],
    ['{"a":', 'begins like JSON'],
    ['[1]', 'no object'],
    ['<a><b></a>', 'not well-formed'],
    ['just words', 'does not name the columns'],
    ['Martin;0639980012;69003', 'does not name the columns'],
  ])('%j is refused in words', (sample, why) => {
    expect(() => draftOf(sample)).toThrow(why);
  });
});

describe('where it goes and what the answer means', () => {
  test.each([
    ['https://crm.x.example/leads', 'webhook', 'hosts: [crm.x.example]'],
    ['sftp://up@sftp.x.example/in/leads', 'flow', "folders: ['sftp:demo/in/leads']"],
    ['ftps://up@ftp.x.example/in/leads', 'flow', "folders: ['ftps:demo/in/leads']"],
    ['s3://x-leads/in', 'flow', "folders: ['s3:demo/in']"],
    ['Leads@x.example', 'email', 'mailboxes: [leads@x.example]'],
  ])('%s is a %s', (to, connector, facts) => {
    const draft = draftOf('NOM;OPTIN\nx;O', { to });
    expect(codesOf(draft)).toEqual([]);
    expect(draft.text).toContain(`connector: ${connector}\n`);
    expect(draft.made.files['demo/client.yaml']?.replaceAll("'", '')).toContain(facts.replaceAll("'", ''));
  });
  test('an address with a login is refused: a secret is never written in clear', () =>
    expect(() => draftOf({ nom: 'x' }, { to: 'https://me:secret@x.example/' })).toThrow('secret:NAME'));
  test.each([
    ['{"success":true,"id":"X"}', '{ accepted: { status: 2xx, json: { success: true } }, reference: $.id }'],
    [
      '{"data":{"lead_id":12}}',
      '{ accepted: { status: 2xx, json: { data.lead_id: { exists: true } } }, reference: $.data.lead_id }',
    ],
    ['{"status":"created"}', '{ accepted: { status: 2xx, json: { status: created } } }'],
    [undefined, '{ accepted: { status: [200, 201], mediaType: application/json } }'],
  ])('an answer %s', (answer, rule) => {
    expect(draftOf({ nom: 'x', ...optIn }, answer === undefined ? {} : { answer }).text).toContain(
      `  - ${rule} # guess`,
    );
  });
  test('a contract that exists is kept, and what it does not cover waits behind a # (C10)', () => {
    const sample = { apport: 50000, nom: 'x', ...optIn };
    const draft = draftOf(sample);
    expect(draft.text).toContain(
      '  # TODO: { to: apport, from: financial.contribution, as: integer } financial data',
    );
    const covered = makeSkeleton(
      {
        ...{
          clientId: 'demo',
          company: 'Démo',
          sampleName: 's',
          sample: Buffer.from(JSON.stringify(sample)),
        },
        categories: ['identity', 'financial'],
      },
      Object.values(connectors),
    );
    if (typeof covered === 'string') throw new Error(covered);
    expect(Object.keys(covered.files)).toEqual(['demo/crm.yaml']);
    expect(covered.files['demo/crm.yaml']).toContain('  - { to: apport, from: financial.contribution');
  });
});

test('no example value of a person gets into the draft', () => {
  const sample = {
    ...{ nom: 'MARKERNAME', prenom: 'Markerfirst', email: 'marker@courriel.example', tel: '0639980042' },
    ...{
      adresse: '12 markerstreet',
      zz: 'markerfree',
      commentaire: 'markercomment',
      optin: 'OUI',
      cp: '69042',
    },
  };
  const text = Object.values(draftOf(sample).made.files).join('');
  for (const trace of ['marker', '0639980042', '69042']) expect(text.toLowerCase()).not.toContain(trace);
});

test('whatever the names are, the draft is YAML the check takes, or refuses for the opt-in alone', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'nom',
      'optin',
      'tel',
      'rgpd',
      'date',
      'DoNotCall',
      'a.b',
      'x\ny',
      '',
      ' s',
      '#',
      "it's",
      'on',
      '__proto__',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  const value = fc.oneof(
    fc.constantFrom('OUI', 'N', '0639980012', '24/11/2026', '', true, false, null, 1),
    fc.string(),
  );
  const sample = fc.dictionary(
    name,
    fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.dictionary(name, value, { maxKeys: 4 })),
    {
      minKeys: 1,
      maxKeys: 8,
    },
  );
  const allowed = new Set(['MAP-301', 'MAP-304', 'MAP-306']);
  fc.assert(
    fc.property(sample, (one) => {
      const draft = draftOf({ zz_nom: 'x', nom: 'y', ...one });
      expect(codesOf(draft).filter((code) => !allowed.has(code))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('one line of YAML is one line, and reads back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const line = yamlLine({ a: value });
      expect(line).not.toMatch(/[\r\n]/);
      expect(JSON.stringify(parse(line))).toBe(JSON.stringify({ a: value }));
    }),
  );
});

describe('a call of a procedure becomes a mapping in the same envelope', () => {
  const someone = lead({ identity: { lastName: 'Noël', mobile: '+33639980001' } });
  const writes = (draft: Draft): string => {
    expect(codesOf(draft)).toEqual([]);
    if (!draft.result.ok) throw new Error('refused');
    return written(draft.result.mapping, someone, situation());
  };

  test('JSON-RPC, its parameters by name', () => {
    const draft = draftOf({
      ...{ jsonrpc: '2.0', id: 7, method: 'lead.add' },
      params: { nom: 'MARTIN', telephone: '06 39 98 00 12', ...optIn },
    });
    expect(draft.text).toContain('jsonRpc: { method: lead.add }');
    expect(JSON.parse(writes(draft))).toMatchObject({
      method: 'lead.add',
      params: { nom: 'NOËL', telephone: '06 39 98 00 01', RGPD_OPTIN: 'OUI' },
    });
    expect(draft.text).toContain('{ invalid: { fault: true } }');
  });

  test('JSON-RPC, its parameters in their places', () => {
    const draft = draftOf({
      jsonrpc: '2.0',
      method: 'party.create',
      params: [[{ nom: 'MARTIN', ...optIn }]],
    });
    expect(JSON.parse(writes(draft))).toMatchObject({ params: [[{ nom: 'NOËL', RGPD_OPTIN: 'OUI' }]] });
  });

  test('XML-RPC', () => {
    const member = (name: string, value: string): string =>
      `<member><name>${name}</name><value><string>${value}</string></value></member>`;
    const draft = draftOf(
      `<?xml version="1.0"?><methodCall><methodName>lead.add</methodName><params><param><value><struct>${member('nom', 'MARTIN')}${member('RGPD_OPTIN', 'OUI')}</struct></value></param></params></methodCall>`,
    );
    expect(draft.text).toContain('xmlRpc: { method: lead.add }');
    expect(writes(draft)).toContain('<member><name>nom</name><value><string>NOËL</string></value></member>');
  });

  test.each([
    ['http://schemas.xmlsoap.org/soap/envelope/', 'soap: {}'],
    ['http://www.w3.org/2003/05/soap-envelope', "soap: { version: '1.2' }"],
  ])('SOAP of %s', (namespace, block) => {
    const draft = draftOf(
      `<s:Envelope xmlns:s="${namespace}" xmlns:d="urn:demo"><s:Header/><s:Body><d:AddLead><d:nom>MARTIN</d:nom><d:RGPD_OPTIN>OUI</d:RGPD_OPTIN></d:AddLead></s:Body></s:Envelope>`,
    );
    expect(draft.text).toContain(block);
    expect(writes(draft).replaceAll(/\n */g, '')).toContain(
      `<soap:Envelope xmlns:soap="${namespace}" xmlns:d="urn:demo"><soap:Body><d:AddLead><d:nom>NOËL</d:nom><d:RGPD_OPTIN>OUI</d:RGPD_OPTIN></d:AddLead>`,
    );
  });
});
