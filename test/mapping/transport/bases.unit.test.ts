// One host for all addresses: a preset names paths, the client's file names where they are.
import { compiled, problemsOf } from '../support.ts';

const rest = `connector: webhook
consent: [{to: O, channel: email, values: {granted: 1, refused: 0, not_asked: 0, withdrawn: 0}}]
fields: [{to: nom, from: identity.lastName}]
response:
  - {accepted: {status: 201, json: {ok: true}}}
  - {accepted: {status: 200, json: {n: 1}}, on: lookup}
  - {absent: {status: 200, json: {n: 0}}, on: lookup}
`;
const paths = `onUnknown: lookup
send: {url: /api/leads, lookup: {url: '/api/leads?ref={leadReference}'}}
update: {send: {method: PUT, url: '/api/leads/{reference}'}, optIn: changed}
erase: {send: {method: DELETE, url: '/api/leads/{reference}'}, fields: []}
${rest}`;
const preset = { 'presets/own/mapping.yaml': paths };
const client = (send: string): string => `extends: presets/own\ndestination: demo-crm\n${send}\n`;

const addressesOf = (text: string): readonly unknown[] => {
  const { actions } = compiled(text, preset);
  return [actions.create, actions.update, actions.erase].map(
    (plan) => (plan?.settings as { url: string } | undefined)?.url,
  );
};
const behind = (base: string): readonly string[] => [
  `${base}/api/leads`,
  `${base}/api/leads/{reference}`,
  `${base}/api/leads/{reference}`,
];

test('every path stands behind the base, with or without a slash at its end', () => {
  expect(addressesOf(client('send: {base: https://crm.demo.example/espo}'))).toEqual(
    behind('https://crm.demo.example/espo'),
  );
  expect(addressesOf(client('send: {base: https://crm.demo.example/}'))).toEqual(
    behind('https://crm.demo.example'),
  );
});

test('a file that names the whole address of the create, as before there was a base, has the rest on its host', () => {
  expect(addressesOf(client('send: {url: https://crm.demo.example/api/v1/Lead}'))).toEqual([
    'https://crm.demo.example/api/v1/Lead',
    ...behind('https://crm.demo.example').slice(1),
  ]);
});

test('the question and the calls stand behind it too, and a sandbox may have a base of its own', () => {
  const { actions } = compiled(client('send: {base: https://crm.demo.example}'), preset);
  expect(actions.create?.settings).toMatchObject({
    lookup: { url: 'https://crm.demo.example/api/leads?ref={leadReference}' },
  });
  const calls = `destination: demo-crm
send: {base: https://crm.demo.example}
calls: [{name: person, send: {url: /persons}, fields: [{to: nom, from: identity.lastName}]}]
${rest.replace(/^fields.*$/m, '')}`;
  expect(compiled(calls).actions.create?.calls?.[0]?.settings).toMatchObject({
    url: 'https://crm.demo.example/persons',
  });
  expect(
    problemsOf(
      client(
        'send: {base: https://crm.demo.example}\nsandbox: {send: {base: https://crm.demo.example/trial}}',
      ),
      preset,
    ),
  ).toEqual([]);
});

test('a token and a session are got there too', () => {
  const oauth2 = 'grant: client_credentials, tokenUrl: /oauth/token, clientId: a, clientSecret: secret:DEMO';
  const login = "url: /login, json: {user: secret:DEMO}, token: {json: '$.token'}";
  const settingsOf = (auth: string): unknown =>
    compiled(client(`send: {base: https://crm.demo.example, auth: ${auth}}`), preset).actions.create
      ?.settings;
  expect(settingsOf(`{oauth2: {${oauth2}}}`)).toMatchObject({
    auth: { oauth2: { tokenUrl: 'https://crm.demo.example/oauth/token' } },
  });
  expect(settingsOf(`{login: {${login}}}`)).toMatchObject({
    auth: { login: { url: 'https://crm.demo.example/login' } },
  });
});

test('a path behind nothing is told where it stands, and so is a host the contract does not list', () => {
  expect(problemsOf(client('send: {auth: {bearer: secret:DEMO}}'), preset).join('\n')).toContain(
    'mappings/presets/own/mapping.yaml:2:13  MAP-415  "/api/leads" is only the end of an address: add send.base',
  );
  expect(problemsOf(client('send: {base: https://other.demo.example}'), preset).join('\n')).toContain(
    'MAP-401',
  );
});
