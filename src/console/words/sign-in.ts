// Words of signing in, of the second factor and of one's own account. French first.
import type { Both } from '../../support/words.ts';

export const signInWords = {
  title: ['Connexion', 'Sign in'],
  login: ['Identifiant', 'Login'],
  password: ['Mot de passe', 'Password'],
  submit: ['Se connecter', 'Sign in'],
  refused: [
    'Identifiant ou mot de passe refusé. Vérifiez les deux ; un administrateur peut vous donner un nouveau code d’accès.',
    'Login or password refused. Check both; an administrator can give a new access code.',
  ],
  ended: ['Vous n’êtes plus connecté. Connectez-vous.', 'You are not signed in any more. Sign in.'],
  undone: [
    'Vous n’êtes plus connecté : ce que vous veniez d’envoyer n’a pas été fait. Connectez-vous, puis recommencez.',
    'You are not signed in any more: what you just sent was not done. Sign in, then do it again.',
  ],
  out: ['Vous êtes déconnecté.', 'You have signed out.'],
  identityRefused: [
    'Connexion refusée. Recommencez ; si cela dure, un administrateur doit relier votre identité à votre compte.',
    'Sign-in refused. Begin again; if it happens again, an administrator has to link your identity to your account.',
  ],
  providerAway: [
    'Le fournisseur d’identité ne répond pas. Réessayez dans un instant ; qui a un mot de passe peut s’en servir.',
    'The identity provider does not answer. Try again in a moment; who has a password may use it.',
  ],
  byProvider: ['Se connecter par', 'Sign in by'],
  codeRefused: [
    'Code refusé. Attendez le code suivant de l’application, ou utilisez un code de secours jamais employé.',
    'Code refused. Wait for the next code of the app, or use a recovery code that was never used.',
  ],
  code: ['Code', 'Code'],
  codeTitle: ['Second facteur', 'Second factor'],
  codeHint: [
    'Les six chiffres de votre application, ou l’un de vos codes de secours.',
    'The six digits of your app, or one of your recovery codes.',
  ],
  confirm: ['Valider', 'Confirm'],
  firstAccess: ['Premier accès', 'First access'],
  haveCode: ['Un administrateur vous a donné un code ?', 'An administrator gave you a code?'],
  firstAccessText: [
    'Avec le code qu’un administrateur vous a donné, choisissez votre mot de passe.',
    'With the code an administrator gave you, choose your password.',
  ],
  setupCode: ['Code d’accès', 'Access code'],
  newPassword: ['Nouveau mot de passe', 'New password'],
  passwordHint: [
    'Au moins 15 caractères : une phrase convient. Ni l’identifiant, ni le nom du logiciel.',
    'At least 15 characters: a sentence does well. Neither the login nor the name of the program.',
  ],
  again: ['Confirmez le mot de passe', 'Once more'],
  setPassword: ['Enregistrer', 'Save'],
  different: ['Les deux mots de passe diffèrent.', 'The two passwords differ.'],
  badPassword: [
    'Ce mot de passe n’est pas accepté : au moins 15 caractères variés, sans l’identifiant ni le nom du logiciel.',
    'This password is not accepted: at least 15 varied characters, without the login or the name of the program.',
  ],
  badCode: [
    'Ce code a servi, a expiré ou n’a jamais existé. Demandez-en un nouveau.',
    'This code was used, has run out or never was one. Ask for a new one.',
  ],
  passwordSet: ['Mot de passe enregistré. Connectez-vous.', 'Password saved. Sign in.'],
  enrolTitle: ['Installer le second facteur', 'Set up the second factor'],
  enrolText: [
    'Scannez ce code avec une application d’authentification, ou tapez la clé ; puis entrez les six chiffres qu’elle affiche.',
    'Scan this code with an authenticator app, or type the key; then enter the six digits it shows.',
  ],
  enrolImage: ['Code QR du second facteur', 'QR code of the second factor'],
  renewTitle: ['Nouveau second facteur', 'New second factor'],
  renewText: [
    'Saisissez d’abord votre mot de passe : ainsi, personne ne peut prendre votre compte en trouvant cette page ouverte.',
    'Give your password first: who finds this page open will not take your account.',
  ],
  wrongPassword: ['Mot de passe refusé.', 'Password refused.'],
  key: ['Clé à taper', 'Key to type'],
  recoveryTitle: ['Codes de secours', 'Recovery codes'],
  recoveryText: [
    'Imprimez-les ou copiez-les maintenant : ils ne seront plus montrés. Chacun ouvre une session, une seule fois, si le téléphone est perdu.',
    'Print or copy them now: they are not shown again. Each opens one session, once, if the phone is lost.',
  ],
  goOn: ['Continuer', 'Go on'],
  sessions: ['Sessions ouvertes', 'Open sessions'],
  here: ['celle-ci', 'this one'],
  address: ['Adresse', 'Address'],
  browser: ['Navigateur', 'Browser'],
  begun: ['Ouverte', 'Begun'],
  seen: ['Dernière activité', 'Last seen'],
  until: ['Au plus tard', 'At the latest'],
  revoke: ['Fermer', 'End'],
  revokeOthers: ['Fermer toutes les autres', 'End all the others'],
  revoked: ['Session fermée.', 'Session ended.'],
  roles: ['Rôles', 'Roles'],
  active: ['actif', 'active'],
  inactive: ['non installé', 'not set up'],
  renew: ['Installer un nouveau téléphone', 'Set up a new phone'],
} as const satisfies Readonly<Record<string, Both>>;

/** Time to wait before the next try. */
export const waitWords = (waitMs: number): Both => {
  const minutes = Math.ceil(waitMs / 60_000);
  return [`Trop d’essais. Réessayez dans ${minutes} min.`, `Too many tries. Try again in ${minutes} min.`];
};
