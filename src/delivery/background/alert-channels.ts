// Declares the channels by which alerts leave. A further channel is a file like alert-chat.ts and a line in `alertChannels`.
// Invariant: a channel leaves through the same guarded connectors as leads, and reaches its own host or mailbox only.
import { chat } from './alert-chat.ts';
import { alertParcel, type AlertChannel, type AlertChannelOf, type AlertSettings } from './alert-parcel.ts';

const webhook: AlertChannelOf = ({ webhook: url }) =>
  url === undefined
    ? undefined
    : {
        name: 'webhook',
        connector: 'webhook',
        settings: { url },
        target: new URL(url).hostname,
        parcel: alertParcel,
      };

const mail: AlertChannelOf = ({ mail: to }) =>
  to === undefined
    ? undefined
    : {
        name: 'mail',
        connector: 'email',
        settings: {
          to: to.to,
          from: to.from,
          smtp: 'secret:RELAIS_ALERT_SMTP',
          subject: 'Relais : {title}',
          attachment: 'none',
        },
        target: to.to.toLowerCase(),
        parcel: alertParcel,
      };

export const alertChannels = (settings: AlertSettings): readonly AlertChannel[] =>
  [webhook, mail, chat].flatMap((channel) => channel(settings) ?? []);
