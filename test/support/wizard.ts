import { PASSWORD } from './cli.ts';
import type { Terminal } from './terminal.ts';

export const DOWN = '\x1b[B';
export const ESCAPE = '\x1b';
export const CTRL_C = '\x03';

type Step = { question: string; answer(terminal: Terminal): Promise<void> | void };

/** Types a part of a choice, waits until it is found, and takes it: Enter is lost while a list is still being searched. */
export async function choose(terminal: Terminal, term: string, choice: string | RegExp): Promise<void> {
  terminal.type(term);
  await terminal.shows(choice);
  terminal.type('\r');
}

const line = (text: string) => (terminal: Terminal) => terminal.type(`${text}\r`);

/** India stands first before anything is typed, too: what it is found with comes after it. */
const INDIA = /search\) ind\n❯ India \(IN, INR\)\n {2}Indonesia/;

/** Of a PAN that was made up, in Maharashtra. */
export const GSTIN = '27ABCPE1234F1ZB';

/** The questions of the wizard in their order, each with an answer. */
export const steps: Step[] = [
  { question: 'What is to be set up?', answer: line('') },
  { question: 'What is your shop called?', answer: line('Kulfi Corner') },
  { question: 'In which country is it?', answer: (terminal) => choose(terminal, 'ind', INDIA) },
  { question: 'Its GSTIN', answer: line(GSTIN) },
  { question: 'Your name', answer: line('Asha') },
  { question: 'Your e-mail', answer: line('asha@example.com') },
  { question: 'A password, at least 12 characters', answer: line(PASSWORD) },
  { question: 'The same once more', answer: line(PASSWORD) },
  { question: 'Where are pictures of products kept?', answer: line('') },
  { question: 'Backups are encrypted', answer: line('') },
];

/** Answers the questions up to the summary. */
export async function answerQuestions(terminal: Terminal, upTo = steps.length): Promise<void> {
  for (const { question, answer } of steps.slice(0, upTo)) {
    await terminal.shows(question);
    await answer(terminal);
  }
}

/** Answers everything and says that it is right. */
export async function answerWizard(terminal: Terminal, { key }: { key: 'paper' | 'later' }): Promise<void> {
  await answerQuestions(terminal, steps.length - 1);
  await terminal.shows('Backups are encrypted');
  terminal.type(key === 'paper' ? '\r' : `${DOWN}\r`);
  await terminal.shows('Is everything right?');
  terminal.type('\r');
}
