// relais breach: whom a breach of data concerns, for the notice within 72 hours (article 33).
// Invariant: an entry of the log comes first; references and counts, nothing of a person.
import type { Command, Given } from './command.ts';
import { addDays, isCivilDate } from '../domain/civil-date.ts';
import { concernedBy } from '../support/breach.ts';
import { paris } from '../support/words.ts';
import { instant, reasonOf, type Moment } from './arguments.ts';
import { out, outJson, say, table, withApp } from './terminal.ts';

type BreachOptions = Given<'account destination host archives reason json'> & {
  readonly from: Moment;
  readonly to?: Moment;
  readonly known?: Moment;
};

export function breachCommands(program: Command): void {
  program
    .command('breach')
    .description('which persons of which clients an account has seen, or a host or destination was given')
    .requiredOption(
      '--from <date>',
      'begin of the breach: 2026-11-25, 2026-11-25T14:00, or an age: 7d',
      instant,
    )
    .option('--to <date>', 'its end; a day counts whole; default: now', endOf)
    .option('--account <login>', 'an account, a name at the terminal, or account:12, staff:7, key:3')
    .option('--destination <destination>', 'a destination that leads were handed to')
    .option('--host <host>', 'a host, mailbox or domain of mailboxes that leads were handed to')
    .option('--known <date>', 'when the centre learned of it; default: now', instant)
    .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL')
    .option('--reason <text>', 'why (number of the incident); mandatory')
    .json()
    .examples(
      'For the notice to the clients (article 33, 72 hours) and their own to the authority. Each client gets its own references only:\n--json has them by client. Asking is an entry of the log for each client concerned.',
      'relais breach --from 2026-11-25 --account sophie --reason "incident 3"',
      'relais breach --from 7d --host crm.horizon.example --reason "incident 4" --json',
    )
    .action(breach);
}

/** A breach that ended on a day may have ended at its last minute. */
const endOf = (text: string): Moment => instant(isCivilDate(text) ? addDays(text, 1) : text);

const dayMs = 86_400_000;
const mostShown = 20;

function breach(options: BreachOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  return withApp(async (app) => {
    const now = app.database.now();
    const { account, destination, host, archives, known } = options;
    const [from, until] = [options.from(now), options.to?.(now) ?? now];
    const place = { ...app, archives };
    const by = { actor: app.config.actor, reason };
    const found = await concernedBy(place, { from, until, account, destination, host }, by);
    const end = new Date((known?.(now) ?? now).getTime() + 3 * dayMs);
    if (options.json === true) return outJson(found.map((client) => ({ ...client, noticeUntil: end })));
    if (found.length === 0) return say('No person is concerned, as far as the log says.');
    table(
      ['client', 'persons', 'leads', 'in clear', 'without lead', 'first', 'last'],
      found.map(({ clientId, persons, leads, inClear, withoutLead, firstAt, lastAt }) => [
        clientId,
        ...[persons, leads, inClear, withoutLead].map(String),
        paris(firstAt),
        paris(lastAt),
      ]),
    );
    if (found.some(({ withoutLead }) => withoutLead > 0))
      say(
        'Without lead: look-ups that found nobody, or refused rows alone, and documents taken out of requests; their persons are not counted here.',
      );
    for (const { clientId, references } of found.filter(({ leads }) => leads > 0)) {
      const more = references.length - mostShown;
      out(
        `\n${clientId}: ${references.slice(0, mostShown).join(', ')}${more > 0 ? `, and ${more} more (--json)` : ''}`,
      );
    }
    say(
      `\nThe 72 hours of article 33 end ${paris(end)}. Inform each client with its own references, without delay.`,
    );
  });
}
