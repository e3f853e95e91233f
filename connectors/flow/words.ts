// How files travel and when one counts as delivered, as the document a client signs says it.
// Invariant: plain schedules as a sentence, others as they are written; a secret by its name.
import type { Both, SignedRow, SignedWords } from '../contract.ts';
import { shownSetting } from '../guard.ts';
import { packingRows } from './packing/settings.ts';
import { controlFields } from './settings.ts';
import type { FlowSettings } from './settings.ts';
import { transportOf } from './transports.ts';

const same = (text: string): Both => [text, text];

function transport({
  to,
  name,
  schedule,
  empty,
  control,
  ack,
  marker,
  server,
  compress,
  openpgp,
}: Partial<FlowSettings>): readonly SignedRow[] {
  const { cron = '', timezone = 'Europe/Paris' } = schedule ?? {};
  return [
    {
      point: ['Transport', 'Transport'],
      agreed:
        marker === undefined
          ? ['Fichier déposé, puis renommé une fois complet', 'A file dropped, then renamed once it is whole']
          : [
              `Fichier déposé sous son nom ; complet quand le témoin ${marker} est à côté`,
              `A file dropped under its name; whole once the marker ${marker} stands beside it`,
            ],
    },
    ...(server === undefined ? [] : (transportOf(server).words?.(server) ?? [])),
    { point: ['Emplacement', 'Place'], agreed: shownSetting(to ?? '') },
    { point: ['Nom du fichier', 'Name of the file'], agreed: shownSetting(name ?? '') },
    {
      point: ['Horaires', 'Hours'],
      agreed: [
        `${cronWords(cron)} (${timezone}) ; ${empty === 'header' ? 'un fichier sans ligne quand il n’y a pas de demande' : 'aucun fichier sans demande'}`,
        `cron ${cron} (${timezone}); ${empty === 'header' ? 'a file without records when there are no leads' : 'no file without leads'}`,
      ],
    },
    ...packingRows({ compress, openpgp }),
    ...(control === undefined
      ? []
      : [
          {
            point: ['Fichier de contrôle', 'Control file'] as const,
            agreed: same(`${control.sidecar} : ${(control.fields ?? controlFields).join(', ')}`),
          },
        ]),
    ...(ack === undefined
      ? []
      : [
          {
            point: ['Accusé de réception', 'Acknowledgement'] as const,
            agreed:
              ack.within === undefined
                ? same(ack.path)
                : ([
                    `${ack.path}, attendu sous ${ack.within}`,
                    `${ack.path}, expected within ${ack.within}`,
                  ] as const),
          },
        ]),
  ];
}

const days = ['dimanche', 'lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche'];

/** Plain schedules as a French sentence; others as they are written. */
export function cronWords(cron: string): string {
  const [minute = '', hour = '', day, month, weekday = '*'] = cron.trim().split(/\s+/);
  const hours = hour.split(',').flatMap((part): readonly number[] => {
    const range = /^(\d+)-(\d+)$/.exec(part);
    if (range === null) return /^\d+$/.test(part) ? [Number(part)] : [Number.NaN];
    const first = Number(range[1]);
    const last = Number(range[2]);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const which = weekdayWords(weekday);
  const plain = /^\d+$/.test(minute) && !hours.some(Number.isNaN) && day === '*' && month === '*';
  if (!plain || which === undefined) return `calendrier cron ${cron}`;
  return `${which}, à ${hours.map((at) => `${at} h ${minute.padStart(2, '0')}`).join(', ')}`;
}

function weekdayWords(weekday: string): string | undefined {
  const nameOf = (number: string | undefined): string => days[Number(number)] ?? '?';
  if (weekday === '*') return 'tous les jours';
  const span = /^(\d)-(\d)$/.exec(weekday);
  if (span !== null) return `du ${nameOf(span[1])} au ${nameOf(span[2])}`;
  if (!/^\d(,\d)*$/.test(weekday)) return undefined;
  return weekday
    .split(',')
    .map((number) => `le ${nameOf(number)}`)
    .join(', ');
}

export const flowWords: SignedWords<FlowSettings> = {
  transport,
  delivered: [
    'Un fichier déposé, relu, puis renommé (ou accompagné de son témoin) vaut remise.',
    'A file dropped, read back, then renamed (or given its marker) counts as handed over.',
  ],
};
