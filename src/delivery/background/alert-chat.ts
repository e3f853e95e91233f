// Sends alerts to a channel of Mattermost, Slack, Rocket.Chat or Google Chat, whose incoming webhooks take `{"text": ...}`.
// Source: Slack, "Sending messages using incoming webhooks"; Mattermost, "Incoming webhooks"; Google Chat, "Build a webhook app".
import { whatToDo } from '../../domain/alert-kinds.ts';
import { reasonText } from '../../domain/delivery.ts';
import { alertParcel, type AlertChannelOf } from './alert-parcel.ts';

export const chat: AlertChannelOf = ({ chat: url }) =>
  url === undefined
    ? undefined
    : {
        name: 'chat',
        connector: 'webhook',
        settings: { url },
        target: new URL(url).hostname,
        parcel: (group) => {
          const parcel = alertParcel(group);
          const [first] = group;
          if (first === undefined) return parcel;
          const text = [
            parcel.title,
            ...(first.reason === '' ? [] : [reasonText(first.reason)]),
            whatToDo(first),
          ].join('\n');
          return { ...parcel, body: { ...parcel.body, bytes: Buffer.from(JSON.stringify({ text })) } };
        },
      };
