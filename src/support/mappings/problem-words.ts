// Explains each mistake of a mapping in French; the check's own message has the details and the place.
// Invariant: every code of the catalogue has its sentence; the compiler asks for it.
import type { Problem } from '../../mapping/contract.ts';
import type { ProblemCode } from '../../mapping/document/problems.ts';
import type { Sentence } from '../words.ts';

const french: Readonly<Record<ProblemCode, string>> = {
  'MAP-001': 'Le fichier n’est pas du YAML 1.2 valable.',
  'MAP-002': 'Une clé est écrite deux fois dans le même bloc.',
  'MAP-003': 'La ligne est indentée par une tabulation.',
  'MAP-004': 'Lue sans guillemets, la valeur perd sa forme (0612345678 devient un nombre sans son zéro).',
  'MAP-005': 'yes, no, on et off ne veulent pas dire la même chose pour tous les lecteurs.',
  'MAP-006': 'Une clé n’a pas de valeur.',
  'MAP-007': 'Un fichier nommé n’existe pas.',
  'MAP-008': 'Le fichier ne tient pas en un seul bloc de clés.',
  'MAP-009': 'Le fichier n’est pas en UTF-8, ou une lettre y a été perdue.',
  'MAP-010': 'Le fichier est là et ne peut pas être lu : trop gros, un dossier, ou interdit.',
  'MAP-011': 'La vérification n’est pas venue à bout du fichier.',
  'MAP-101': 'La clé n’existe pas dans le langage des formats.',
  'MAP-102': 'Une clé nécessaire manque.',
  'MAP-103': 'La valeur n’est pas du type que la clé exige.',
  'MAP-104': 'La valeur n’est pas de celles qui sont admises.',
  'MAP-105': 'La valeur n’a pas la forme que la clé exige.',
  'MAP-106': 'Des clés qui s’excluent sont ensemble, ou un champ n’a rien à écrire.',
  'MAP-201': 'La source n’existe pas dans le lead.',
  'MAP-202': 'Le formateur n’existe pas, ou ses options sont fausses.',
  'MAP-203': 'Le formateur ne convient pas au type de la valeur.',
  'MAP-204': 'La table n’existe pas sous `maps`.',
  'MAP-205': 'La table ne dit pas que faire d’une valeur qui n’y est pas.',
  'MAP-206': 'La table a une entrée que la source ne peut jamais prendre.',
  'MAP-207': 'La source a des valeurs sans entrée dans la table.',
  'MAP-208': 'Deux lignes écrivent le même champ du client.',
  'MAP-209': 'Un champ du client est à la fois une valeur et un groupe.',
  'MAP-210':
    'Un champ de la personne a une valeur par défaut : ce serait inventer ce qu’elle n’a pas dit (C13).',
  'MAP-211': 'Une constante est là où une donnée de la personne est attendue (C13).',
  'MAP-212': 'La condition n’existe pas ou est mal écrite.',
  'MAP-213': 'La condition compare à une valeur que la source ne peut jamais prendre.',
  'MAP-214': 'Le modèle de texte est faux.',
  'MAP-215': '`each` exige une liste et des champs de ses éléments.',
  'MAP-216': 'Une liste est écrite là où une seule valeur tient.',
  'MAP-217': 'Le champ du client est mal écrit.',
  'MAP-218': 'Le format ne peut pas contenir un groupe répété.',
  'MAP-219': 'La source n’est connue que pour les fichiers.',
  'MAP-220': 'Un opt-in est écrit en dehors du bloc consent (C20).',
  'MAP-221': 'La ligne d’un texte est mal écrite.',
  'MAP-222': 'Le format ne sait pas écrire ainsi une valeur absente.',
  'MAP-223': 'Coupée, la valeur en deviendrait une autre (C13).',
  'MAP-224':
    'Une liste ou un texte partagé avec un opt-in contiendrait un texte du lead, qui pourrait se lire comme un opt-in (C20).',
  'MAP-225': 'Un texte écrit tel quel contient {{...}} ou nomme un secret.',
  'MAP-301': 'Le bloc consent manque : l’opt-in est dans chaque échange (C20).',
  'MAP-302': 'Une ligne consent ne dit pas quoi écrire pour l’un des quatre états.',
  'MAP-303': 'Un autre état s’écrit comme `granted` : un refus se lirait comme un accord (C20).',
  'MAP-304': 'Le nom du champ dit « opt-out », et la ligne ne dit pas qu’elle le sait.',
  'MAP-305': 'Les valeurs semblent inversées.',
  'MAP-306': 'Aucune ligne consent n’écrit l’opt-in lui-même.',
  'MAP-307': 'Le nom du champ parle d’un autre canal que la ligne.',
  'MAP-308': 'La valeur d’un état a des caractères que le fichier ne peut pas contenir.',
  'MAP-309': 'La mise à jour transmet d’autres opt-in que la création (C20).',
  'MAP-310':
    'Une mise à jour omettrait un opt-in dans un état qui peut venir : le destinataire garde ce qu’il a (C20).',
  'MAP-311': '`optIn: changed` est là où un champ omis se lirait comme une réponse.',
  'MAP-312':
    'Une mise à jour par PUT omet un oui inchangé ; un destinataire qui remplace ses fiches le perdrait.',
  'MAP-313':
    'Un champ qui contient un opt-in à côté d’autres valeurs est écrit à chaque mise à jour, son oui aussi.',
  'MAP-401': 'Le destinataire n’est pas dans les éléments du contrat du client (C19).',
  'MAP-402': 'La catégorie de données n’est pas dans le contrat du client (C10).',
  'MAP-403':
    'Des données financières partiraient par e-mail, ou par une autre voie que chacun peut lire (C10).',
  'MAP-404': 'Un secret est écrit en clair.',
  'MAP-405': 'Le connecteur n’existe pas.',
  'MAP-406': 'Un réglage du connecteur est faux.',
  'MAP-407': 'Le connecteur ne connaît pas cette action.',
  'MAP-408': 'Le connecteur ne peut pas porter ce format.',
  'MAP-409': 'Des noms se contredisent.',
  'MAP-410': 'Une habilitation nomme ce qui n’existe pas ou dépasse le contrat.',
  'MAP-411': 'Le modèle nommé par `extends` ne peut pas servir.',
  'MAP-412': 'Le bac à sable a l’adresse de la production.',
  'MAP-413':
    'L’adresse est un secret : la vérification ne voit pas quel hôte couvre une habilitation sans cible.',
  'MAP-414':
    'L’effacement ne dit pas de quel lead il s’agit : le destinataire n’en effacerait aucun, ou tous.',
  'MAP-415': 'Une adresse commence par / et rien n’indique l’hôte.',
  'MAP-416': 'Un réglage prouve moins qu’il ne semble : un mot de passe faux pourrait passer pour bon.',
  'MAP-419': 'Un avis ne porte aucune personne, et l’un de ses champs, ou de ses actions, en porterait une.',
  'MAP-420':
    'Un champ obligatoire sous erase ne dit que des données de la personne, déjà effacées chez nous : aucun effacement ne partirait.',
  'MAP-425': 'Un paramètre nommé n’existe pas, ou est donné sans que rien ne l’utilise.',
  'MAP-426': 'Un paramètre n’a pas de valeur : le modèle la laisse à chaque client.',
  'MAP-501': 'Aucune règle ne dit ce qui prouve que le destinataire a accepté le lead.',
  'MAP-502': 'La règle d’acceptation accepte tout, ou des réponses qui ne sont pas un succès.',
  'MAP-503': 'Un motif est pris de la réponse sans table avec `else`.',
  'MAP-504': 'Une condition d’une règle de réponse est fausse.',
  'MAP-505': 'Un endroit de la réponse est mal écrit.',
  'MAP-506': 'Une interrogation du destinataire sert sans être décrite.',
  'MAP-507': 'Un statut seul prouve l’acceptation ; une page de maintenance répond 200 aussi.',
  'MAP-508': 'Un motif n’est pas un code.',
  'MAP-509':
    'Une règle de refus nomme des réponses qui signifient des identifiants refusés ou un envoi trop rapide.',
  'MAP-510': 'Une règle de réponse n’est jamais atteinte : une autre prend toutes ses réponses.',
  'MAP-511': 'Des réponses vont à une règle d’acceptation et à une règle de refus ; elles valent refus.',
  'MAP-512': 'La règle compare une valeur JSON au texte "true" ou "false".',
  'MAP-513':
    'Les mots cherchés par une règle d’acceptation se trouvent aussi dans des réponses qui disent non.',
  'MAP-514': 'Une interrogation du destinataire utilise une donnée de la personne ou du projet.',
  'MAP-515':
    'Une interrogation du destinataire ne nomme aucun lead : ce qu’elle trouverait passerait pour celui-ci.',
  'MAP-516': 'Le fichier a des règles de réponse que rien ne lit.',
  'MAP-520':
    'Aucune règle ne lit une erreur, que SOAP, JSON-RPC et XML-RPC disent sous n’importe quel statut.',
  'MAP-601': 'Une durée est mal écrite.',
  'MAP-602': 'Le calendrier des nouveaux essais est faux.',
  'MAP-603': 'Le calendrier n’est pas une expression cron.',
  'MAP-604': 'Une destination par fichiers n’a pas de calendrier.',
  'MAP-605': 'Le fuseau horaire n’existe pas.',
  'MAP-606': 'Les nouveaux essais vont au-delà de `maxAge`.',
  'MAP-607': 'L’heure tombe dans celle que le changement d’heure saute au printemps et double à l’automne.',
  'MAP-608': 'Un délai d’attente est plus long que ce qu’on attend d’une réponse.',
  'MAP-609': 'Les horaires d’envoi ne peuvent pas être lus.',
  'MAP-610': 'La destination est fermée plus longtemps de suite qu’un lead ne peut attendre.',
  'MAP-611': 'Un lead ne peut pas attendre jusqu’à la fin de l’heure ou du jour dont la limite est épuisée.',
  'MAP-615': 'Un fichier sans leads ne se reconnaîtrait pas comme tel.',
  'MAP-620': 'Les lignes d’un accusé de réception désignent les leads par ce que le fichier ne contient pas.',
  'MAP-621':
    'Le fichier part par e-mail, et personne ne peut dire si un e-mail est arrivé : renvoyé, il y serait deux fois.',
  'MAP-622':
    'Le fichier contient à chaque fois tous les leads, et a en plus un bloc pour les modifications ou effacements.',
  'MAP-623':
    'Tous les leads devraient tenir en un fichier, et un tel fichier ne peut s’écrire ou partir ici.',
  'MAP-624': 'Un fichier de tous les leads est dû plus d’une fois par heure.',
  'MAP-651': 'Deux appels d’une même action ont le même nom.',
  'MAP-652': 'Une adresse nomme un identifiant qu’aucun appel antérieur ne donne, ou pas pour chaque lead.',
  'MAP-653':
    'Un identifiant n’est pris d’aucun endroit de la réponse, ou d’un endroit qui contient une personne.',
  'MAP-654': 'Une ligne consent n’est portée que par un appel que certains leads omettent (C20).',
  'MAP-655': 'Un appel qui porte un opt-in se trouve derrière un autre dont il n’a pas besoin.',
  'MAP-656':
    'Une ligne consent commande un appel qui n’existe pas, ou dit autre chose que send, omit ou hold.',
  'MAP-657': 'Quelque chose est à côté des appels et devrait être dedans, ou une action n’en a aucun.',
  'MAP-658': 'Un GET doit transmettre quelque chose, ou ne lit rien dont un appel suivant ait besoin.',
  'MAP-670': '`readBack` est là où le destinataire ne peut pas être interrogé : e-mail, fichier, SMS.',
  'MAP-671': 'Une ligne de `readBack` ne nomme aucun champ du bloc consent, ou aucun endroit de la réponse.',
  'MAP-672':
    '`callback` est là où le destinataire ne peut rien dire plus tard, ou ne peut pas être interrogé.',
  'MAP-673': 'La clé d’un rappel n’est lue nulle part.',
  'MAP-674': 'Un `undo` est là où il ne pourrait jamais partir, ou retirerait un opt-in.',
  'MAP-675': 'Un appel qui a un `undo` peut modifier une fiche qui existait avant.',
  'MAP-701': 'La garde contre les formules mettrait une apostrophe devant un téléphone qui commence par +.',
  'MAP-703': 'Un préfixe XML n’est pas déclaré.',
  'MAP-704': 'Le champ ne commence pas par l’enregistrement du XML, ou un nom n’est pas un nom XML.',
  'MAP-705': 'Le schéma du client ne peut pas servir.',
  'MAP-706': 'Un fichier de plusieurs enregistrements n’a pas de racine.',
  'MAP-707': 'Le format et le schéma du client ne s’accordent pas.',
  'MAP-708':
    'Un CSV ne pourrait pas être relu : un séparateur, un nom de colonne ou un texte du format y veut dire autre chose.',
  'MAP-709': 'L’encodage ne peut pas contenir ce que le format y écrit.',
  'MAP-710': 'Un champ est là où l’enveloppe n’a pas de place, ou l’enveloppe contient ce qu’elle ne peut.',
  'MAP-711': 'Un paramètre n’a pas de valeur : le suivant serait lu à sa place.',
  'MAP-712': 'Un champ nomme un type, et le format n’en a pas.',
  'MAP-801': 'Un essai du fichier donne un autre résultat que celui attendu.',
  'MAP-802': 'Un lead d’exemple ne suit pas le modèle des leads.',
  'MAP-803': 'Une réponse d’essai est lue avec une autre issue que celle attendue.',
  'MAP-804': 'Un lead d’exemple ne peut pas être écrit par le format.',
  'MAP-901': 'Une preuve de mise en service manque (C49-C52).',
  'MAP-902': 'Une date est fausse.',
  'MAP-903': 'L’ébauche de `mapping new` contient encore des suppositions.',
  'MAP-904':
    'Un opt-in a été supposé et personne ne l’a confirmé : un tel fichier n’est pas publié (C20, C51).',
  'MAP-905': 'Un lead voyagerait en clair (C38) : un tel fichier n’est pas publié en production.',
  'MAP-906': 'Une mention de client.yaml ne se distingue pas d’une autre, ou n’a pas de texte (C14).',
  'MAP-907': 'Le numéro présenté par les appels sortants ne peut pas être appelé (C50).',
  'MAP-908': 'Un texte qui est gardé pour toujours contient une adresse e-mail ou un numéro de téléphone.',
};

/** The message of the check with its suggestion, in French where the check has it in French. */
export const problemSentence = ({
  message,
  french: sentence,
  suggestion,
}: Pick<Problem, 'message' | 'french' | 'suggestion'>): Sentence => ({
  french:
    sentence === undefined || suggestion === undefined
      ? sentence
      : `${sentence} Vouliez-vous dire « ${suggestion} » ?`,
  english: suggestion === undefined ? message : `${message} Did you mean "${suggestion}"?`,
});

/** Undefined for a code that is not ours. */
export const problemInFrench = (code: string): string | undefined =>
  (french as Readonly<Partial<Record<string, string>>>)[code];
