import { withoutAccents } from '../../core/without-accents.ts';
import { untilInterrupted } from '../interrupt.ts';
import { fitWords } from '../output/labelled.ts';

/** The answer of somebody who wants the question before this one. */
export const BACK = Symbol('back');
export type Back = typeof BACK;

type Key = { name?: string };

/** What inquirer takes beside a question. It is read when the question ends. */
export type PromptContext = { signal: AbortSignal; clearPromptOnDone?: boolean };

/** Asks one question. Esc gives BACK and takes the question off the screen; Ctrl-C and a signal to stop throw ExitPromptError. */
export async function ask<T>(prompt: (context: PromptContext) => Promise<T>): Promise<T | Back> {
  const leaving = new AbortController();
  let context: PromptContext | undefined;
  const onKey = (_text: string | undefined, key: Key) => {
    if (key?.name !== 'escape') return;
    // What was answered stays on the screen, what was left goes.
    if (context) context.clearPromptOnDone = true;
    leaving.abort();
  };
  process.stdin.on('keypress', onKey);
  try {
    return await untilInterrupted((given) => {
      context = given;
      return prompt(context);
    }, leaving.signal);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortPromptError') return BACK;
    throw error;
  } finally {
    process.stdin.off('keypress', onKey);
  }
}

type Choice<V> = { value: V; name: string; short?: string; disabled?: string | boolean };
type Choices<V> = { message: string; choices: Choice<V>[]; default?: V | undefined };

/** A question with its choices, wrapped between words: those beside each other go below where they don't fit. */
export function fitted<V extends string>(question: Choices<V>): Choices<V> {
  const message = fitWords(question.message);
  const choices = question.choices.map((choice) => ({
    ...choice,
    short: beside(message, choice.name),
    name: fitWords(choice.name),
    ...(typeof choice.disabled === 'string' && { disabled: beside(choice.name, choice.disabled, 4) }),
  }));
  return { ...question, message, choices };
}

/** What a question says of an answer, wrapped between words. */
export const fitVerdict = (verdict: true | string) => (verdict === true ? verdict : fitWords(verdict));

/** A text behind another one, or below it. */
function beside(before: string, text: string, indent = 2): string {
  const line = before.split('\n').at(-1) ?? '';
  const whole = `${line} ${text}`;
  return fitWords(whole) === whole ? text : `\n${' '.repeat(indent)}${fitWords(text, indent)}`;
}

/** A choice of a list to type in, with what else finds it. */
export type Listed = { value: string; name: string; disabled?: string };

const plain = (text: string) => withoutAccents(text.toLowerCase()).replace(/[/_’']/g, ' ');

/** Those in which each word of the term begins a word; those that begin with the term come first. Accents make no difference. */
export function find(list: readonly Listed[], term: string | undefined): Listed[] {
  const wanted = plain(term ?? '').trim();
  if (wanted === '') return [...list];
  const words = wanted.split(/\s+/);
  const found = list.flatMap((one) => {
    const text = plain(one.name);
    const has = words.every((word) => text.split(/[\s(),·-]+/).some((part) => part.startsWith(word)));
    return has ? [{ one, rank: text.startsWith(wanted) ? 0 : 1 }] : [];
  });
  return found.sort((a, b) => a.rank - b.rank).map(({ one }) => one);
}
