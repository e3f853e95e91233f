// A client's program for the earlier public API, written from docs/pull.md alone: it knows nothing of Relais. Arguments: address, key.
// Prints what it has in the end.
const [address = '', key = ''] = process.argv.slice(2);

interface Contact {
  readonly action_id: string;
  readonly prospect_id: string;
  readonly prospect_nom?: string;
  readonly optin_email?: string;
  readonly type_action_designation: string;
}

async function call<T>(operation: string): Promise<T> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ operation }),
  });
  if (response.status !== 200) throw new Error(`${operation}: ${response.status}`);
  return (await response.json()) as T;
}

const base = new Map<string, Contact>();
const { regions } = await call<{ regions: readonly { region_nom: string }[] }>('getRegions');
const { programmes } = await call<{ programmes: readonly object[] }>('getProgrammes');
const { contacts: seen } = await call<{ contacts: readonly Contact[] }>('readContacts');
const calls: number[] = [];
for (;;) {
  const { contacts } = await call<{ contacts: readonly Contact[] }>('pullContacts');
  calls.push(contacts.length);
  for (const contact of contacts) {
    if (contact.type_action_designation === 'Effacement') base.delete(contact.prospect_id);
    else base.set(contact.prospect_id, contact);
  }
  if (contacts.length < 200) break;
}
process.stdout.write(
  JSON.stringify({ regions, programmes, seen: seen.length, calls, base: [...base.values()] }),
);
