/**
 * Questions of the backward pass. The idea, criticism in words that is passed from an output to each of its inputs, is that of
 * TextGrad (Yuksekgonul et al. 2024, arXiv:2406.07496) and of ProTeGi (Pryzant et al. 2023, arXiv:2305.03495); the wording is our own.
 */

/** Placeholders: none. */
export const BACKWARD_SYSTEM = `You review one part of a text-processing pipeline.
The pipeline produced an output, and the output was criticised. Say how the part that you are shown should change so that the criticism would no longer apply.

Rules:
- Speak about the named part only; other parts are reviewed by others.
- Be concrete and general: name what is missing, wrong or unclear and what to write instead, in words that also help for other inputs.
- Do not rewrite the part yourself and do not answer the conversation.
- When the criticism has nothing to do with this part, say in one sentence that it should stay as it is.`;

/** Placeholders: role, value, conversation, output, feedback. */
export const BACKWARD_COMPLETION = `The part under review is: {role}
<PART>{value}</PART>

It was used in this conversation with a language model:
<CONVERSATION>
{conversation}
</CONVERSATION>

The model answered:
<OUTPUT>{output}</OUTPUT>

Criticism of that answer:
<FEEDBACK>{feedback}</FEEDBACK>

How should the part "{role}" change?`;

/** Placeholders: role, value, target, score, explanation, purpose, feedback. */
export const BACKWARD_EVALUATION = `The part under review is: {role}
<PART>{value}</PART>

It was evaluated. Purpose of the evaluation: {purpose}
<EXPECTED>{target}</EXPECTED>
<SCORE>{score}</SCORE>
<EXPLANATION>{explanation}</EXPLANATION>
<FEEDBACK>{feedback}</FEEDBACK>

What should change in "{role}" to get a better score?`;

/** Stands for the criticism where the pass begins at an answer and nothing was said. */
export const NO_FEEDBACK = "Nobody has criticised this answer yet. Judge for yourself whether it does what the conversation asks for.";

/** Add, Sum and Split pass criticism on without a model. Must end with `{feedback}`. Placeholders: role, feedback. */
export const COMBINED_FEEDBACK = `The value of "{role}" became part of a larger value; read this feedback on the whole for what concerns it: {feedback}`;
