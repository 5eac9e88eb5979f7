using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Training.Verification;

/// <summary>A random row of tokens whose every prediction counts.</summary>
internal sealed record CheckRow(int[] Tokens, int[] Positions, int[] Sequences, LossTarget[] Targets)
{
    public static CheckRow Create(LlamaModelHandle model, int length, ulong seed)
    {
        var random = new SeededRandom(seed);
        var vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.Pointer));
        int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))];
        LossTarget[] targets = [.. Enumerable.Range(0, length - 1).Select(i => new LossTarget(i, tokens[i + 1], 1f / (length - 1)))];
        return new CheckRow(tokens, [.. Enumerable.Range(0, length)], new int[length], targets);
    }
}
