// Adds headers for mail providers that report a bounce under a number of their own: they return the value we put there. Pure.
// Invariant: the value is in the Message-ID anyway; it identifies no person, and the same mail has the same headers.
// Sources: https://postmarkapp.com/support/article/1125-custom-metadata-faq and Mailjet's guide of its SMTP relay (X-MJ-CustomID).

/** Longest metadata value that Postmark takes. */
const longestName = 80;

/** @param host of the mail server @param messageId `<NAME@domain>` */
export function providerHeaders(host: string, messageId: string): Readonly<Record<string, string>> {
  const isOf = (domain: string): boolean => {
    const named = host.toLowerCase();
    return named === domain || named.endsWith(`.${domain}`);
  };
  const name = /^<([^<>@\s]+)@/.exec(messageId)?.[1] ?? '';
  const given = name === '' || name.length > longestName ? undefined : name;
  // Without X-PM-KeepID Postmark writes its own Message-ID, and a receiver sees two mails where one was sent twice.
  if (isOf('postmarkapp.com'))
    return { 'X-PM-KeepID': 'true', ...(given === undefined ? {} : { 'X-PM-Metadata-relais': given }) };
  return isOf('mailjet.com') && given !== undefined ? { 'X-MJ-CustomID': given } : {};
}
