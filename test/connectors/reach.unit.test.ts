// A test of a webhook: the address always, the credentials where a look-up lets them be tried, and it is said which.
import type { SendContext } from '../../connectors/contract.ts';
import { webhook } from '../../connectors/webhook/index.ts';
import { contextOf } from './rigs.ts';
import { startHttpRecipient, type HttpRecipient } from './servers/http.ts';

let crm: HttpRecipient;
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) =>
    void response.writeHead(request.headers.authorization === 'Bearer juste' ? 404 : 401).end('Mme Martin');
});
afterEach(() => crm.close());
afterAll(() => webhook.close?.());

const tested = (token: string, lookup: boolean, classify?: SendContext['classify']) => {
  const url = `http://localhost:${crm.port}/leads`;
  return webhook.test(
    {
      url,
      auth: { bearer: 'secret:TOKEN' },
      ...(lookup ? { lookup: { url: `${url}?ref={leadReference}` } } : {}),
    },
    {
      ...contextOf(
        { secrets: { TOKEN: token }, target: 'localhost' },
        { network: { allowedRanges: ['127.0.0.0/8', '::1/128'], allowPlaintext: true } },
      ),
      ...(classify === undefined ? {} : { classify }),
    },
  );
};

test('a wrong token is told where the file has a look-up; nothing but the question is sent', async () => {
  const outcome = await tested('faux', true);
  expect(outcome).toMatchObject({ kind: 'unauthorized', reason: 'HTTP_401', tried: 'credentials' });
  expect(JSON.stringify(outcome)).not.toContain('Martin');
  expect(crm.received.map((one) => one.body.length)).toEqual([0]);
  expect(await tested('juste', true)).toMatchObject({ kind: 'accepted', tried: 'credentials' });
});

test('a recipient that is out of order did not take the credentials', async () => {
  crm.answer = (_request, response) => void response.writeHead(503).end('Mme Martin');
  const classify = ({ status }: { readonly status: number }) =>
    Promise.resolve({ kind: 'unavailable' as const, reason: `HTTP_${status}`, maybeReceived: false });
  expect(await tested('juste', true, classify)).toMatchObject({ kind: 'unavailable', reason: 'HTTP_503' });
});

test('without a look-up only the address is tried, and that is said', async () => {
  expect(await tested('faux', false)).toMatchObject({ kind: 'accepted', tried: 'address' });
  expect(crm.received).toEqual([]);
});

test('a question with a body is asked about nobody, and a rule may say that the key in it is wrong', async () => {
  crm.answer = (request, response) =>
    void response
      .writeHead(200)
      .end(request.body.includes('juste') ? '{"result":[]}' : '{"error":{"code":100}}');
  const url = `http://localhost:${crm.port}/rpc`;
  const ask = (key: string) =>
    webhook.test(
      { url, lookup: { url, fields: [{ to: 'ref', from: 'id' }] } },
      {
        ...contextOf(
          { secrets: {}, target: 'localhost' },
          { network: { allowedRanges: ['127.0.0.0/8', '::1/128'], allowPlaintext: true } },
        ),
        classify: ({ text }) =>
          Promise.resolve(
            text.includes('error')
              ? { kind: 'unauthorized', reason: 'KEY' }
              : { kind: 'unknown', reason: 'X' },
          ),
      },
      {
        bytes: Buffer.from(`{"ref":"test","key":"${key}"}`),
        mediaType: 'application/json',
        extension: 'json',
      },
    );
  expect(await ask('juste')).toMatchObject({ kind: 'accepted', tried: 'credentials' });
  expect(await ask('faux')).toMatchObject({ kind: 'unauthorized', reason: 'KEY', tried: 'credentials' });
  expect(crm.received.map((one) => `${one.method} ${one.headers['content-type'] ?? ''}`)).toEqual([
    'POST application/json',
    'POST application/json',
  ]);
});

test('a question that names an id of an earlier call is asked about nobody too', async () => {
  const url = `http://localhost:${crm.port}/deals`;
  const outcome = await webhook.test(
    { url, auth: { bearer: 'secret:TOKEN' }, lookup: { url: `${url}/{person.id}` } },
    contextOf(
      { secrets: { TOKEN: 'juste' }, target: 'localhost' },
      { network: { allowedRanges: ['127.0.0.0/8', '::1/128'], allowPlaintext: true } },
    ),
  );
  expect(outcome).toMatchObject({ kind: 'accepted', tried: 'credentials' });
  expect(crm.received.map((request) => request.url)).toEqual(['/deals/test']);
});
