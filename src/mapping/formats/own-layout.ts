// Reads the layout of an action or a call where it differs from the file's: another record, method or operation.
// Invariant: every request of a destination has the same format; only the names in it differ.
import type { ConnectorFacts } from '../contract.ts';
import { blockAt } from '../document/yaml.ts';
import { reportAt } from '../document/problems.ts';
import type { Path, Report } from '../document/problems.ts';
import type { Scope } from '../scope.ts';
import { xmlScope } from './check-xml.ts';
import { readLayout } from './layout.ts';
import type { Layout } from './layout.ts';

const blocks = ['json', 'xml', 'soap', 'jsonRpc', 'xmlRpc'] as const;

interface FileLayout {
  readonly mapping: Record<string, unknown>;
  readonly layout: Layout;
  readonly connector: ConnectorFacts | undefined;
  readonly report: Report;
}

/** `xml: {record: deal}` or `jsonRpc: {method: deal.create}` of a call, an update or an erase, over the file's own. */
export function ownLayout(
  raw: Readonly<Record<string, unknown>>,
  path: Path,
  { mapping, layout, connector, report }: FileLayout,
): Layout {
  const given = blocks.filter((block) => Object.hasOwn(raw, block));
  if (given.length === 0) return layout;
  const foreign = given.find(
    (block) => block !== layout.body && !(block === 'xml' && layout.xml !== undefined),
  );
  if (foreign !== undefined) {
    report.error(
      [...path, foreign],
      'MAP-106',
      [
        `cette destination écrit ${layout.body} dans chaque requête.`,
        `this destination writes ${layout.body} in every request.`,
      ],
      {
        at: 'key',
      },
    );
    return layout;
  }
  const placed = (inner: Path): Path =>
    given.some((block) => block === inner[0]) ? [...path, ...inner] : inner;
  const merged = Object.fromEntries(
    given.map((block) => [block, { ...blockAt(mapping, block), ...blockAt(raw, block) }]),
  );
  return readLayout({ ...mapping, ...merged }, connector, reportAt(report, placed));
}

/** The scope for the targets of such a layout. */
export function inLayout(scope: Scope, { format, xml, header, rpc, noNull }: Layout): Scope {
  const { xml: _xml, rpc: _rpc, noNull: _noNull, ...rest } = scope;
  return {
    ...rest,
    format,
    ...(xml === undefined ? {} : { xml: xmlScope(xml, header) }),
    ...(rpc === undefined ? {} : { rpc }),
    ...(noNull === undefined ? {} : { noNull }),
  };
}
