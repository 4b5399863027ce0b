/**
 * Questions of textual gradient descent. Gradients as criticism: TextGrad (arXiv:2406.07496) and ProTeGi (arXiv:2305.03495); earlier
 * versions shown beside what was said of them, as a memory of the path: OPRO (Yang et al. 2023, arXiv:2309.03409) and TextGrad's
 * momentum; examples in the optimizer's context: MIPRO (Opsahl-Ong et al. 2024, arXiv:2406.11695). The wording is our own.
 */

/** Placeholders: none. */
export const OPTIMIZER_SYSTEM = `You improve one text of a text-processing pipeline, given criticism that was gathered from many uses of it.

Rules:
- Keep what works; change what the criticism names. Honour every criticism, and every constraint to the letter.
- Write for inputs that you have not seen: general instructions, no answers to single examples.
- Keep placeholders in braces exactly as they are.
- Answer with the complete new text between <NEW_VALUE> and </NEW_VALUE>, and nothing else between them.`;

/** Placeholders: role, value, feedback, constraints, past, examples. */
export const OPTIMIZER_USER = `The text to improve is: {role}
<VALUE>{value}</VALUE>

Criticism:
{feedback}
{constraints}{past}{examples}
Write the improved text between <NEW_VALUE> and </NEW_VALUE>.`;

/** Put before the criticism's items, one block each, when there are any. Placeholders: items. */
export const OPTIMIZER_CONSTRAINTS = `
The new text must satisfy all of these:
{items}
`;
export const OPTIMIZER_PAST = `
Earlier versions, oldest first, and what was said of them; do not fall back into old mistakes:
{items}
`;
export const OPTIMIZER_EXAMPLES = `
Examples of good texts of this kind:
{items}
`;
