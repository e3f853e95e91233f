// relais security check: judges accounts, rights, TLS, logs, keys, files and certificates of this installation (C40).
// Invariant: changes nothing; exit code 1 where a rule is broken.
import type { Command } from './command.ts';
import { config, hostNow, out, outJson, say, strong, table, type JsonOption } from './terminal.ts';

export function securityCommands(program: Command): void {
  const security = program.subcommand('security', 'rules that an installation must keep');
  security
    .subcommand('check', 'accounts, rights, TLS, logs of MySQL, Redis, keys, files, certificates, licences')
    .json()
    .examples(
      'Exit code 0: no rule is broken; 1: at least one is. With RELAIS_MYSQL_OWNER_URL the owner and every host of each account\nare looked at too. Run it daily from your monitoring.',
      'relais security check',
      'relais security check --json',
    )
    .action(check);
}

async function check(options: JsonOption): Promise<void> {
  const { judged } = await import('../operator/security-check.ts');
  const { securityFacts } = await import('../operator/security-facts.ts');
  const results = judged(await securityFacts(config(), hostNow()));
  const broken = results.filter(({ state }) => state === 'broken');
  if (broken.length > 0) process.exitCode = 1;
  if (options.json === true) return outJson(results);
  table(
    ['check', 'state', 'rule'],
    results.map(({ name, state, says }) => [name, state, says]),
  );
  for (const { name, faults, notes, unseen, remedy } of results) {
    if (faults.length + notes.length + unseen.length === 0) continue;
    out(`\n${strong(name)}`);
    for (const fault of faults) out(`  ${fault}`);
    for (const note of notes) out(`  found: ${note}`);
    for (const part of unseen) out(`  not seen: ${part}`);
    if (faults.length + notes.length > 0) out(`  → ${remedy}`);
  }
  say(broken.length === 0 ? 'No rule is broken.' : `${broken.length} of ${results.length} rules are broken.`);
}
