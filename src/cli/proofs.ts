// relais proof list | show | verify | page | key: signed proofs of acts on a person's data (C23).
// Invariant: verify and page work on the file alone, without database and without configuration.
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command, Given } from './command.ts';
import { RelaisError } from '../errors.ts';
import { publishedKeys, checkProof, type ProofProblem, type SignedProof } from '../privacy/proofs/proof.ts';
import { proofPage } from '../privacy/proofs/proof-page.ts';
import { wholeCentre } from '../support/place.ts';
import { proofsListed, proofWithNumber } from '../support/reads/requests.ts';
import { paris } from '../support/words.ts';
import { listLength, wholeNumber, textOfFile } from './arguments.ts';
import { outJson, tableOf, config, keysOf, out, say } from './terminal.ts';

export function proofCommands(program: Command): void {
  const proof = program
    .command('proof')
    .description('signed proofs of what was done with a person’s data, checked offline');
  storedCommands(proof);
  proof
    .command('verify <file>')
    .description('check a proof with the public key alone; exits 1 when anything was changed')
    .requiredOption('--key <file>', 'public keys, as `relais proof key` prints them')
    .json()
    .examples(
      'Needs neither a database nor a configuration.',
      'relais proof verify preuve-12.json --key relais-public.pem',
    )
    .action((file: string, options: Given<'key! json'>) => verify(file, options));
  proof
    .command('page <file>')
    .description('the proof as a French page that prints; works on the file alone')
    .requiredOption('--key <file>', 'public keys, as `relais proof key` prints them')
    .option('--to <file>', 'where to write it; default: standard output')
    .examples(
      'A proof that does not verify is not shown.',
      'relais proof page preuve-12.json --key relais-public.pem --to preuve-12.html',
    )
    .action((file: string, options: Given<'key! to'>) => {
      write(proofPage(checked(file, options.key)), options.to);
    });
  proof
    .command('key')
    .description('print the public keys of proofs, the one in force first')
    .json()
    .examples(
      'Publish them where clients find them by another way than the proofs themselves.',
      'relais proof key > relais-public.pem',
    )
    .action(async (options: Given<'json'>) => {
      const keys = publishedKeys((await keysOf(config())).seal);
      if (options.json === true) return outJson(keys);
      for (const { id, pem } of keys) out(`# ${id}\n${pem.trimEnd()}`);
    });
}

type ListOptions = Given<'client request limit! json'>;

function storedCommands(proof: Command): void {
  proof
    .command('list')
    .description('proofs that were made, newest first')
    .option('--client <client>', 'of this client only')
    .option('--request <number>', 'of this request only')
    .option('--limit <n>', 'rows at most', listLength, 50)
    .json()
    .examples('', 'relais proof list --client horizon')
    .gateway(async (app, options: ListOptions) => {
      const proofs = await proofsListed(app, wholeCentre, options, options.limit);
      if (options.json === true) return outJson(proofs);
      if (proofs.length === 0) return say('No proof.');
      tableOf(proofs, {
        proof: ({ number }) => String(number),
        client: ({ clientId }) => clientId,
        act: ({ act }) => act,
        request: ({ request }) => (request === '' ? '-' : request),
        made: ({ madeAt }) => paris(madeAt),
      });
    });
  proof
    .command('show <number>')
    .description('print a proof as it was signed, or write it with its page')
    .option('--to <file>', 'write the JSON here, and beside it the French page (.html)')
    .examples('', 'relais proof show 12', 'relais proof show 12 --to preuve-12.json')
    .gateway(async (app, number: string, options: Given<'to'>) => {
      const found = await proofWithNumber(app, wholeCentre, wholeNumber(number));
      if (found === undefined) throw new RelaisError('FIND-001', `No proof has the number ${number}.`);
      if (found.document === undefined)
        throw new RelaisError(
          'FIND-001',
          `Proof ${number} went with the leads it names; who was given it has it.`,
        );
      write(found.document, options.to);
      if (options.to === undefined) return;
      const page = `${options.to.replace(/\.json$/, '')}.html`;
      write(proofPage(JSON.parse(found.document) as SignedProof), page);
      say(`${options.to} and ${page}`);
    });
}

const meanings: Readonly<Record<ProofProblem, string>> = {
  not_json: 'it is no JSON',
  not_as_written: 'it is not spelt as it was signed: something was added, doubled or written otherwise',
  not_a_proof: 'it has not the form of a proof',
  key_unreadable: 'the key file holds no Ed25519 public key in PEM',
  other_key: 'none of the given keys has signed it',
  signature_wrong: 'the signature does not fit: it was changed after it was signed',
};

/** @throws PROOF-001 */
function checked(file: string, keyFile: string): SignedProof {
  const check = checkProof(textOfFile(file), textOfFile(keyFile));
  if (!check.ok) throw new RelaisError('PROOF-001', `${basename(file)}: ${meanings[check.problem]}.`);
  return check.proof;
}

function verify(file: string, options: Given<'key! json'>): void {
  const proof = checked(file, options.key);
  const { number, act, request, client, madeAt, leads, tables, log, key } = proof;
  if (options.json === true)
    return outJson([{ ok: true, number, act, request, client: client.id, madeAt, leads, key }]);
  out(
    `The proof verifies: number ${number}, ${act}, client ${client.id}, ${request === null ? 'no request' : `request ${request}`}, ${paris(new Date(madeAt))}.`,
  );
  for (const { table: name, rowsBefore, rowsAfter, columns } of tables) {
    const changed = columns.filter((column) => column.changed > 0).map(({ column }) => column);
    out(
      `  ${name}: ${rowsBefore} rows before, ${rowsAfter} after${changed.length === 0 ? '' : `; changed: ${changed.join(', ')}`}`,
    );
  }
  out(
    `  log: from entry ${log.before.entry} (seal ${log.before.anchor ?? 'none'}) to entry ${log.after.entry}; signed by ${key}`,
  );
}

/** Only its owner may read it: it documents an act on a person's data. */
function write(text: string, to: string | undefined): void {
  if (to === undefined) out(text.trimEnd());
  else writeFileSync(to, text, { mode: 0o600 });
}
