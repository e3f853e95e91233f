// Posts leads as another system does: POST /v1/leads with a key of its own, every row accepted or the bench ends.
import { createApiKey } from '../../../src/access/api-keys.ts';
import { leadRow, type Gateway } from '../../trip/gateway.ts';

export interface Poster {
  /** Posts leads under these references. @returns ms */
  readonly post: (references: readonly string[]) => Promise<number>;
}

export async function posterOf({ app }: Gateway, port: number): Promise<Poster> {
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
  const post = async (references: readonly string[]): Promise<number> => {
    const startedAt = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/v1/leads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': references[0] ?? '',
      },
      body: JSON.stringify({ items: references.map(itemOf) }),
    });
    const { items = [] } = (await response.json()) as { items?: readonly { state: string }[] };
    const bad = items.filter(({ state }) => state !== 'accepted');
    if (response.status !== 200 || bad.length > 0)
      throw new Error(`${response.status}, ${bad.length} of ${items.length} not accepted: ${bad[0]?.state}`);
    return performance.now() - startedAt;
  };
  return { post };
}
