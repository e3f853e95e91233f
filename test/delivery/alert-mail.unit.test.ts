// What support reads in the mail of an alert.
import { letterOf } from '../../connectors/email/message.ts';
import { alertParcel } from '../../src/delivery/background/alert-parcel.ts';

const settings = {
  to: 'assistance@centre.example',
  from: 'relais@centre.example',
  smtp: 'secret:RELAIS_ALERT_SMTP',
  subject: 'Relais : {title}',
  attachment: 'none',
} as const;

test.each(['fr', 'en'] as const)('the mail of an alert has no word of a new lead: %s', (language) => {
  const parcel = alertParcel([
    {
      ...{ id: 1, kind: 'delivery_failed', clientId: 'essai', destinationId: 'essai-crm', deliveryId: 0 },
      ...{ reason: 'HTTP_503', raisedAt: new Date('2026-11-30T02:00:00Z'), through: [] },
    },
  ]);
  const { subject, text, html } = letterOf(parcel, { ...settings, language });
  const all = `${subject}\n${text}\n${html}`.toLowerCase();
  expect(all).not.toMatch(/votre offre|nouvelle demande|your offer|new lead/);
  expect(text).toMatch(language === 'fr' ? /ALERTE DE RELAIS/ : /ALERT OF RELAIS/);
});
