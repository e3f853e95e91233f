// Sending hours that are open, or closed, whenever the tests run; time that passes without a wait.
import type { Gateway } from './gateway.ts';

const hour = 3_600_000;
/** A zone whose clock reads between twelve and one at this moment: `open` and `closed` hold whenever the tests run. */
const zone = (() => {
  const ahead = 12 - new Date().getUTCHours();
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
})();
export const open = `hours: { open: mon-sun 10:00-16:00, zone: ${zone} }`;
export const closed = (more = ''): string => `hours: { open: mon-sun 16:00-18:00, zone: ${zone}${more} }`;
const begun = Math.floor(Date.now() / hour);
/** The opening of `closed`, to which four hours begun were to come at the start; an hour that ends meanwhile moves it no more than the zone. */
export const opening = (): number => (begun + 4) * hour;

/** So many minutes pass for what this lead was granted. */
export async function passGranted(
  { owner }: Pick<Gateway, 'owner'>,
  reference: string,
  minutes: number,
): Promise<void> {
  const ofLead = `lead_id = (SELECT id FROM leads WHERE reference = '${reference}')`;
  const back = (column: string): string => `${column} = TIMESTAMPADD(MINUTE, -${minutes}, ${column})`;
  await owner.transaction(async (tx) => {
    await tx.run(`UPDATE consents SET ${back('recorded_at')}, ${back('valid_until')} WHERE ${ofLead}`);
    await tx.run(`UPDATE consent_ends SET ${back('ends_at')}, ${back('due_at')} WHERE ${ofLead}`);
  });
}
