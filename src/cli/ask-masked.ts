import { styleText } from 'node:util';
import { fitWords } from './output/labelled.ts';

type Context = { signal: AbortSignal; clearPromptOnDone?: boolean };

/**
 * Asks for what is masked, until `check` takes it. What was wrong is cleared, for nobody can correct what they don't see; the
 * reason stands above the next try, and is gone after the right one. `run` asks one question, and may end it otherwise.
 */
export async function askMasked<Ended = never>(
  run: (prompt: (context: Context) => Promise<string>) => Promise<string | Ended>,
  message: string,
  check: (text: string) => true | string | Promise<true | string>,
): Promise<string | Ended> {
  const { password } = await import('@inquirer/prompts');
  let verdict: true | string = true;
  for (;;) {
    const reason = verdict === true ? undefined : fitWords(verdict);
    const style = (text: string, status: string) =>
      reason === undefined || status === 'done'
        ? styleText('bold', text)
        : `${styleText('red', reason)}\n  ${styleText('bold', text)}`;
    const answer = await run((context) =>
      password(
        {
          message: fitWords(message),
          mask: true,
          theme: { style: { message: style } },
          async validate(text) {
            verdict = await check(text);
            // A wrong answer ends this question and leaves nothing of it on the screen.
            context.clearPromptOnDone = verdict !== true;
            return true;
          },
        },
        context,
      ),
    );
    if (typeof answer !== 'string' || verdict === true) return answer;
  }
}
