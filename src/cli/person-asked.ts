// Options by which every command finds a person: address, phones, name, leads known to be theirs.
// Invariant: the same rules everywhere; a lead with a shared address under another name is not the person's.
import type { Command } from 'commander';
import { RelaisError } from '../errors.ts';
import type { PersonAsked } from '../privacy/person/find.ts';
import { leadQueryOf, type AskedPerson, type LeadQuery } from '../support/find-person.ts';
import { collect } from './arguments.ts';
import { problemWords } from './lead-find.ts';

export interface PersonOptions {
  readonly email?: string;
  readonly phone?: readonly string[];
  readonly name?: string;
  readonly firstName?: string;
  readonly lead?: readonly string[];
}

export const personOptions = (command: Command): Command =>
  command
    .option('--email <address>', 'mail address of the person')
    .option('--phone <number>', 'phone of the person, any spelling; may be repeated', collect)
    .option(
      '--name <name>',
      'last name of the person: who shares the address under another name is not meant',
    )
    .option('--first-name <name>', 'first name, beside --name')
    .option('--lead <reference>', 'a lead known to be the person’s; may be repeated', collect);

/** @throws USAGE-001 */
export function personOf({
  email,
  phone = [],
  name,
  firstName,
  lead = [],
}: PersonOptions): Omit<PersonAsked, 'clientId'> {
  if (email === undefined && phone.length + lead.length === 0)
    throw new RelaisError('USAGE-001', 'Give --email, --phone or --lead: whose data is meant?');
  const address = email === undefined ? undefined : queryOf({ email }).email;
  // Parsed like a name search, so that a first name alone is refused here too.
  if (name !== undefined || firstName !== undefined)
    queryOf({ ...(name === undefined ? {} : { name }), ...(firstName === undefined ? {} : { firstName }) });
  return {
    phones: phone.flatMap((typed) => queryOf({ phone: typed }).phone ?? []),
    references: lead,
    ...(address === undefined ? {} : { email: address }),
    ...(name === undefined ? {} : { name: { lastName: name, firstName } }),
  };
}

function queryOf(asked: AskedPerson): LeadQuery {
  const found = leadQueryOf(asked);
  if ('problem' in found) throw new RelaisError('USAGE-001', problemWords[found.problem]);
  return found.query;
}
