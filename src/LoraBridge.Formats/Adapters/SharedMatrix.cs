
namespace LoraBridge.Formats;

/// <summary>
/// The one matrix of a model whose output is its embedding. llama.cpp looks an adapter up by the tensor's name, so it would put the
/// same branch behind the lookup of tokens and behind the product for the logits; its shapes fit one of them at most, and ggml asserts.
/// </summary>
internal static class SharedMatrix
{
    /// <summary>Why a live model cannot have an adapter on this tensor, or null when it can.</summary>
    /// <param name="target">The tensor's name.</param>
    /// <param name="has">Whether the model has a tensor of a name.</param>
    internal static string? DescribeConflict(string target, Func<string, bool> has) => target switch
    {
        TensorNames.TokenEmbedding when !has(TensorNames.Output) => $"a model with its own {TensorNames.Output}: this one uses the embedding as its output, too",
        TensorNames.Output when !has(TensorNames.TokenEmbedding) => $"a model with its own {TensorNames.TokenEmbedding}: this one uses the output as its embedding, too",
        _ => null,
    };
}
