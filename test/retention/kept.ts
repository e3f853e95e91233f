// Leads of every age for tests of retention: stored as intake would, dated as the test needs them.
import type { Gateway } from '../trip/gateway.ts';
import { strangerRow } from '../trip/gateway.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';

export const clientFile = `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai CRM, destination: essai-crm, targets: [localhost], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`;

/** Noon in Paris, give or take the hour of summer. */
export const noon = (date: string): Date => new Date(`${date}T11:00:00Z`);

/**
 * Takes leads in and dates them: they come in today, and are made as old as they should be. Their operation is noted last:
 * a row of one that has ended meanwhile would be refused.
 */
export async function keep(
  gateway: Gateway,
  leads: Readonly<Record<string, { readonly collected: string; readonly over?: Partial<IntakeValues> }>>,
): Promise<void> {
  const names = Object.keys(leads);
  const operationOf = (name: string): readonly (string | null)[] => {
    const { operation = null, operation_kind = 'recurring' } = leads[name]?.over ?? {};
    return [operation, operation_kind].map((value) => (value === null ? null : String(value)));
  };
  await gateway.send(
    ...names.map((name) => {
      const { operation: _operation, operation_kind: _kind, ...over } = leads[name]?.over ?? {};
      return strangerRow(name, over);
    }),
  );
  await gateway.until('taken in', async () => {
    await gateway.app.intake.acceptBatch(500);
    const rows = await gateway.owner.all<{ reference: string }>('SELECT reference FROM leads');
    return names.every((name) => rows.some(({ reference }) => reference === name));
  });
  for (const [name, { collected }] of Object.entries(leads))
    await gateway.owner.run(
      'UPDATE leads SET collected_at = ?, operation = ?, operation_kind = ? WHERE reference = ?',
      [noon(collected), ...operationOf(name), name],
    );
}

/** The references that are left, in order. */
export async function leftOf(gateway: Gateway): Promise<readonly string[]> {
  const rows = await gateway.owner.all<{ reference: string }>(
    "SELECT reference FROM leads WHERE gone = '' ORDER BY reference",
  );
  return rows.map(({ reference }) => reference);
}
