// Posts leads as another system does: POST /v1/leads with a key of its own, every row taken or the bench ends. A row that is kept, and taken
// in shortly, is counted.
import { createApiKey } from '../../../src/access/api-keys.ts';
import { leadRow, type Gateway } from '../../trip/gateway.ts';
import { pause } from './measure.ts';

export interface Poster {
  /** Posts leads under these references. @returns ms */
  readonly post: (references: readonly string[]) => Promise<number>;
  /** So far: rows answered as received, since the answer was due before they were taken in; requests sent again after a 503. */
  readonly counts: () => { readonly received: number; readonly repeated: number };
}

/** A 503 asks for more; the bench does not wait so long. */
const againMs = 500;

export async function posterOf({ app }: Gateway, port: number): Promise<Poster> {
  let received = 0;
  let repeated = 0;
  const { key } = await createApiKey(
    app.access,
    { name: 'bench', scopes: ['lead.post'], addresses: [], days: 1 },
    'bench',
  );
  const itemOf = (reference: string): object => {
    const { consents, ...columns } = leadRow(reference);
    const filled = Object.entries(columns).filter(([name, value]) => name !== 'kind' && value !== null);
    return { ...Object.fromEntries(filled), consents: JSON.parse(String(consents ?? '[]')) as unknown };
  };
  const send = (references: readonly string[], body: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/v1/leads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': references[0] ?? '',
      },
      body,
    });
  const post = async (references: readonly string[]): Promise<number> => {
    const startedAt = performance.now();
    // Made once: a request that is repeated under its key with another time of collection is refused.
    const body = JSON.stringify({ items: references.map(itemOf) });
    let response = await send(references, body);
    // 409: the first request of the key is still under way.
    while (response.status === 503 || response.status === 409) {
      await response.text();
      repeated += 1;
      await pause(againMs);
      response = await send(references, body);
    }
    const { items = [] } = (await response.json()) as { items?: readonly { state: string }[] };
    const late = items.filter(({ state }) => state === 'received').length;
    const bad = items.filter(({ state }) => state !== 'accepted' && state !== 'received');
    if (!response.ok || items.length < references.length || bad.length > 0)
      throw new Error(`${response.status}, ${bad.length} of ${items.length} not taken: ${bad[0]?.state}`);
    received += late;
    return performance.now() - startedAt;
  };
  return { post, counts: () => ({ received, repeated }) };
}
