import { inSentence } from '../../core/disk/place-names.ts';
import { count, formatRoom } from '../../figures.ts';
import { type Check, check, listOf, ok, pathWord, problem, skipped, warning } from '../check.ts';

/** Mail and package caches fill a small disk with files long before they fill it with bytes. */
const INODES_LEFT = 0.02;
const FIX_ALL = '`smoocho doctor --fix`';
/** A fix stays readable on a phone. */
const SHOWN = 5;
const some = (paths: string[]) =>
  paths.length <= SHOWN
    ? listOf(paths)
    : `${paths.slice(0, SHOWN).join(', ')} and ${paths.length - SHOWN} more`;

export const homeChecks: Check[] = [
  check({
    id: 'home',
    of: 'home',
    looksAt: 'who owns the home, and who may write to it',
    why: 'Whoever can write there can put other secrets in the place of yours.',
    judge({ path, isOpen, otherOwner }) {
      if (isOpen) return problem(`Others may write to ${path}.`, FIX_ALL);
      if (otherOwner !== null)
        return warning(
          `${path} belongs to the user with the number ${otherOwner}, not to you.`,
          'Run smoocho as that user: `sudo -u smoocho smoocho doctor`',
        );
      return ok(`${path}.`);
    },
  }),
  check({
    id: 'home-owners',
    of: 'home',
    looksAt: 'whether all in the home belongs to one user',
    why: 'The server can not read or replace what belongs to another one, such as root.',
    judge({ path, foreign }) {
      if (foreign.length === 0) return ok('All of it belongs to one user.');
      return warning(
        `${some(foreign)} ${foreign.length === 1 ? 'belongs' : 'belong'} to another user than the home.`,
        `\`sudo chown -R --reference=${pathWord(path)} ${foreign.slice(0, SHOWN).map(pathWord).join(' ')}\``,
      );
    },
  }),
  check({
    id: 'file-modes',
    of: 'home',
    looksAt: 'whether secrets, settings and backups are for their owner alone',
    why: 'Other users of this machine could read keys, passwords and customers out of them; smoocho refuses secrets that are open.',
    judge({ loose }) {
      if (loose.length === 0) return ok('Secrets, settings and backups are for their owner alone.');
      return problem(`${some(loose.map(({ path }) => path))} can be read or changed by others.`, FIX_ALL);
    },
  }),
  check({
    id: 'folders',
    of: 'home',
    looksAt: 'the folders of pictures and backups in the home',
    why: 'What belongs in them can not be kept.',
    judge({ blocked, missing }) {
      if (blocked.length > 0)
        return problem(
          `${listOf(blocked)} is no folder.`,
          `Move it away: \`mv ${pathWord(`${blocked[0]}`)} ${pathWord(`${blocked[0]}.old`)}\``,
        );
      if (missing.length > 0)
        return ok(`${listOf(missing)} ${missing.length === 1 ? 'is' : 'are'} made when first needed.`);
      return ok('The folders are there.');
    },
  }),
  check({
    id: 'disk-writable',
    of: 'home',
    looksAt: 'whether a file can be written through to the disk of the home',
    why: 'No sale can be kept either.',
    judge: ({ path, writeProblem }) =>
      writeProblem === null
        ? ok('A file was written, synced and taken away.')
        : problem(
            `Nothing can be written in ${path} (${writeProblem}).`,
            'See whether the disk is full or was mounted read-only: `df -h`, then `sudo dmesg | tail`',
          ),
  }),
  check({
    id: 'disk-space',
    of: 'disks',
    looksAt: 'room on the disks of home, database, pictures and backups',
    why: 'When the disk of the database is full, nothing can be sold.',
    judge({ disks, low, level }) {
      const sentence = ({ freeBytes, sizeBytes, folder, places }: (typeof disks)[number]) =>
        `${formatRoom(freeBytes)} of ${formatRoom(sizeBytes)} are free on the disk of ${listOf(places.map(inSentence))} (${folder}).`;
      if (level === null) return ok(disks.map(sentence).join(' '));
      const finding = level === 'problem' ? problem : warning;
      return finding(
        low.map(sentence).join(' '),
        'Delete old backups, `smoocho backup prune`, or put in a larger disk.',
      );
    },
  }),
  check({
    id: 'disk-answers',
    of: 'disks',
    looksAt: 'whether each of these disks answers',
    why: 'Whatever is on a disk that hangs waits for it.',
    judge({ silent }) {
      if (silent.length === 0) return ok('All disks answer.');
      const names = listOf(silent.map(inSentence));
      return problem(
        `The disk of ${names} does not answer.`,
        'See whether its file server or cable is there: `mount`, then `sudo dmesg | tail`',
      );
    },
  }),
  check({
    id: 'disk-files',
    of: 'home',
    looksAt: 'how many more files the disk of the home takes (inodes)',
    why: 'Without any, nothing can be written though there is room.',
    judge({ inodes }) {
      if (!inodes) return skipped('This file system has no limit of them.');
      const have = `${inodes.free.toLocaleString('en-US')} more files can be made.`;
      return inodes.free < inodes.total * INODES_LEFT
        ? problem(
            have,
            'Delete what is not needed, such as old logs. Where most files are: `sudo du --inodes -xS / | sort -n | tail`',
          )
        : ok(have);
    },
  }),
  check({
    id: 'leftovers',
    of: 'home',
    looksAt: 'what interrupted uploads, backups and changes of settings left, a day old and older',
    why: 'It takes room, and half of a backup is of no use.',
    judge({ leftovers }) {
      if (leftovers.length === 0) return ok('Nothing was left behind.');
      return warning(
        `${count(leftovers.length, 'leftover')} of interrupted work: ${some(leftovers)}.`,
        FIX_ALL,
      );
    },
  }),
];
