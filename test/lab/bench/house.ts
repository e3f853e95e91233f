// npm run bench -- house [--static] [--files]: how big the house is, and the functions and files that one lead runs through.
// Invariant: reads the tree; the lead runs through a gateway of its own in this process, its functions counted by V8's precise coverage.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { dirname, join } from 'node:path';
import { opensBadly, sentencesOf } from '../../architecture/comments.ts';
import { leadRow, openGateway, webhookFiles } from '../../trip/gateway.ts';
import { startArrivals } from './arrivals.ts';
import { flag, withServices } from './measure.ts';

const root = join(import.meta.dirname, '../../..');
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const linesOf = (path: string): number => textOf(path).split('\n').length - 1;
const product = tracked.filter((path) => /^(src|connectors)\/.*\.ts$/.test(path));
const source = product.filter((path) => path.startsWith('src/'));

/** Files that each file of the product imports, by path. */
const imports = new Map(
  product.map((path) => [
    path,
    [...textOf(path).matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)].map(([, a, b]) =>
      join(dirname(path), a ?? b ?? ''),
    ),
  ]),
);
const importers = new Map<string, number>();
for (const path of [...imports.values()].flatMap((targets) => [...new Set(targets)]))
  importers.set(path, (importers.get(path) ?? 0) + 1);

const faces = source.filter(
  (path) =>
    /^src\/(cli|api|console)\//.test(path) &&
    (imports.get(path) ?? []).some((target) => target.startsWith('src/store/')),
);
/** A file at the top of the folder is a room by itself. */
const roomOf = (path: string): string => /^src\/delivery\/([^/]+)/.exec(path)?.[1] ?? path;
const ways = new Set(
  source
    .filter((path) => path.startsWith('src/delivery/'))
    .flatMap((path) =>
      (imports.get(path) ?? [])
        .filter((target) => target.startsWith('src/delivery/') && roomOf(target) !== roomOf(path))
        .map((target) => `${roomOf(path)} ${roomOf(target)}`),
    ),
);
const bothWays = [...ways].filter((way) => ways.has(way.split(' ').toReversed().join(' '))).length / 2;

const count = (name: string, ...figures: readonly (number | string)[]): void =>
  console.log(`${name.padEnd(66)} ${figures.join(' / ')}`);

count(
  'lines / files of TypeScript in src',
  source.reduce((sum, path) => sum + linesOf(path), 0),
  source.length,
);
count(
  'files under 40 lines with one importer, src and connectors',
  product.filter((path) => linesOf(path) < 40 && importers.get(path) === 1).length,
);
count('files of faces that import the store', faces.length);
count(
  'files of src/delivery; pairs of rooms that import each other',
  source.filter((path) => path.startsWith('src/delivery/')).length,
  bothWays,
);
count(
  'comment sentences that open with What, Whether, Of, Who',
  product.reduce((sum, path) => sum + sentencesOf(textOf(path)).filter(opensBadly).length, 0),
);
count(
  'words of docs/*.md',
  tracked
    .filter((path) => /^docs\/[^/]+\.md$/.test(path))
    .reduce((sum, path) => sum + textOf(path).split(/\s+/).filter(Boolean).length, 0),
);

/** Functions of the product that ran since the last call, by file. */
async function ran(session: Session): Promise<ReadonlyMap<string, number>> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return new Map(
    result.flatMap(({ url, functions }) => {
      const path = /\/((?:src|connectors)\/.*\.ts)$/.exec(url)?.[1];
      const called = functions.filter(
        ({ functionName, ranges: [range] }) =>
          (range?.count ?? 0) > 0 && (functionName !== '' || (range?.startOffset ?? 0) > 0),
      ).length;
      return path === undefined || called === 0 ? [] : [[path, called] as const];
    }),
  );
}

if (!flag('static'))
  await withServices(async () => {
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    const { port, close } = await startArrivals();
    const gateway = await openGateway({ files: webhookFiles(port) });
    try {
      await gateway.start('planner', 'worker');
      await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
      const delivered = (many: number) => async (): Promise<boolean> =>
        (await gateway.states("d.state = 'delivered'")).length === many;
      // Nearer to its publication a lead is left to the planner, which compares the times as they are stored.
      await gateway.until('the publication is a second ago', async () => {
        const late = 'leads_from < TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3))';
        return (await gateway.owner.all(`SELECT 1 FROM destinations WHERE ${late}`)).length === 1;
      });
      await gateway.send(leadRow('H-1'));
      await gateway.until('the first lead is delivered', delivered(1));
      await ran(session);
      await gateway.send(leadRow('H-2'));
      await gateway.until('the second lead is delivered', delivered(2));
      const files = await ran(session);
      count(
        'functions / files that one accepted webhook lead runs through',
        [...files.values()].reduce((sum, functions) => sum + functions, 0),
        files.size,
      );
      if (flag('files'))
        for (const [path, functions] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1)))
          console.log(`  ${path} ${functions}`);
    } finally {
      await gateway.close();
      close();
    }
  });
