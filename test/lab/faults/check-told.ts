// The part of the checker that asks who holds what: every erasure, withdrawal and correction reached each recipient with the lead.
// Invariant: the last content a recipient took counts; a task for a person counts as told, silence does not.
import type { Story } from './check.ts';
import { ended, type DeliveryLine, type LeadLine, type Receipt } from './ledgers.ts';

const withdrawal = 'RETRAIT';

/** A task for support stands where the gateway cannot tell the recipient itself. */
const taskStands = ({ alerted }: Story, group: readonly DeliveryLine[]): boolean =>
  group.some(
    (one) =>
      one.reason.startsWith('manual_') ||
      (alerted.has(one.id) && one.action !== 'create' && one.state !== 'delivered'),
  );

export function notFollowed(story: Story): readonly string[] {
  const { byLead, deliveriesOf, referenceOf } = story;
  return [...byLead].flatMap(([leadId, entries]) => {
    if (!entries.some((one) => one.entry === 'erased')) return [];
    const had = new Set(
      entries
        .filter((one) => one.entry === 'departed' && one.action !== 'erase')
        .map((one) => one.destination),
    );
    const theirs = deliveriesOf.get(leadId) ?? [];
    return [...had]
      .filter((destination) => {
        const group = theirs.filter((one) => one.destination === destination);
        // That nothing was needed is no answer where the recipient has it, whatever the log says.
        const holds = heldOf(story, group).some((one) => one.action !== 'erase');
        const followed = (one: DeliveryLine): boolean =>
          one.state === 'delivered' ||
          one.reason.startsWith('manual_erasure_required') ||
          (!holds && one.reason.startsWith('not_needed'));
        return !group.some((one) => one.action === 'erase' && followed(one));
      })
      .map((destination) => `${referenceOf.get(leadId) ?? leadId} ${destination}`);
  });
}

/** What a recipient may hold of these deliveries, the latest last. */
const heldOf = ({ receiptsOf }: Story, group: readonly DeliveryLine[]): readonly Receipt[] =>
  group
    .flatMap((one) => receiptsOf.get(one.key) ?? [])
    .filter((one) => one.did !== 'refused')
    .toSorted((a, b) => a.at - b.at);

/** The last content a recipient took of a lead must say `withdrawn`, unless a person has to tell it. */
export function notTold(story: Story): readonly string[] {
  const { leads, byLead, deliveriesOf, referenceOf } = story;
  const withdrawn = leads.filter(
    (lead) =>
      !lead.erased &&
      (lead.withdrawn || (byLead.get(lead.id) ?? []).some((one) => one.entry === 'withdrawn')),
  );
  return withdrawn.flatMap((lead) =>
    [...Map.groupBy(deliveriesOf.get(lead.id) ?? [], (one) => one.destination)].flatMap(
      ([destination, group]) => {
        if (taskStands(story, group)) return [];
        const last = heldOf(story, group).findLast((one) => one.optIn !== undefined);
        return last !== undefined && last.optIn !== withdrawal
          ? [`${referenceOf.get(lead.id) ?? lead.id} ${destination}`]
          : [];
      },
    ),
  );
}

/** The name the last correction gave a lead is the one each recipient took last. */
export function correctionsNotTold(story: Story): readonly string[] {
  const { leads, deliveriesOf, poison, unauthorised } = story;
  return leads.flatMap((lead) => {
    if (lead.erased || lead.name === '' || poison.has(lead.reference)) return [];
    return [...Map.groupBy(deliveriesOf.get(lead.id) ?? [], (one) => one.destination)].flatMap(
      ([destination, group]) => {
        // What has not ended has a figure of its own.
        if (unauthorised.has(destination) || group.some((one) => !ended(one.state))) return [];
        if (taskStands(story, group)) return [];
        const last = heldOf(story, group).findLast((one) => one.named !== undefined);
        return last !== undefined && last.named !== lead.name
          ? [
              `${lead.reference} ${destination}: has ${last.named === '' ? 'the first name' : last.named}, not ${lead.name}`,
            ]
          : [];
      },
    );
  });
}

/** A withdrawal outlives its lead: it stands on the opposition list. */
const wasTakenBack = ({ byLead }: Story, lead: LeadLine): boolean =>
  lead.withdrawn || (byLead.get(lead.id) ?? []).some((one) => one.entry === 'withdrawn');

/** A CRM keeps the opt-out with the address: the last content of any of a person's leads decides what it shows. */
export function takenBackSent(story: Story): readonly string[] {
  const { handedIn, leads, deliveriesOf } = story;
  const byReference = new Map(leads.map((lead) => [lead.reference, lead]));
  return [...Map.groupBy(handedIn, (one) => one.person)].flatMap(([person, requests]) => {
    const theirs = requests.flatMap(({ reference }) => byReference.get(reference) ?? []);
    if (theirs.length < 2) return [];
    const tookBack = theirs.some((lead) => wasTakenBack(story, lead));
    if (!tookBack) return [];
    const all = theirs.filter((lead) => !lead.erased).flatMap((lead) => deliveriesOf.get(lead.id) ?? []);
    return [...Map.groupBy(all, (one) => one.destination)].flatMap(([destination, group]) => {
      if (taskStands(story, group)) return [];
      const last = heldOf(story, group).findLast((one) => one.optIn !== undefined);
      return last !== undefined && last.optIn !== withdrawal ? [`person ${person} ${destination}`] : [];
    });
  });
}
