// An invented lead with every field, for previews of clients that have no samples yet.
// Reserved phone ranges and domains only; nobody of that name asked for anything.

export const sampleLead = `# An invented person.
reference: SAMPLE-000001
channel: web_form
collectedAt: "2026-11-20T10:15:00+01:00"
notice: web-2026-03
identity:
  civility: ms
  lastName: Durand-Exemple
  firstName: Élise
  email: elise.durand@courriel.example
  mobile: "+33639980001"
  landline: "+33199000001"
  address: { line1: 12 rue des Exemples, postcode: "69003", city: Lyon, country: FR }
project: { programme: PROGRAMME-1, housingType: apartment, rooms: 3, surfaceMin: 62.5, surfaceMax: 80, use: main_residence, budgetMin: 250000, budgetMax: 285000, location: Lyon 3e, comment: "Souhaite un étage élevé, balcon." }
origin: { type: portal, media: seloger, support: annonce-4411, commune: "69383", departement: "69" }
consents:
  - { channel: email, state: granted, recordedAt: "2026-11-20T10:15:00+01:00", wordingVersion: w3, legalEntity: EXEMPLE SAS, source: form-7 }
  - { channel: phone, state: refused, recordedAt: "2026-11-20T10:15:00+01:00", source: form-7 }
  - { channel: sms, state: not_asked, recordedAt: "2026-11-20T10:15:00+01:00", source: form-7 }
  - { channel: post, state: withdrawn, recordedAt: "2026-11-20T10:15:00+01:00", source: form-7 }
  - { purpose: newsletter, channel: email, state: granted, recordedAt: "2026-11-20T10:15:00+01:00", source: form-7 }
  - { purpose: partners, channel: email, state: refused, recordedAt: "2026-11-20T10:15:00+01:00", source: form-7 }
  - { purpose: profiling, channel: email, state: refused, recordedAt: "2026-11-20T10:15:00+01:00", source: form-7 }
interactions:
  - { kind: web_form, at: "2026-11-20T10:15:00+01:00", voluntary: true }
  - { kind: failed_callback, at: "2026-11-20T11:00:00+01:00", duration: 25 }
`;
