using LoraBridge.TestKit;

namespace LoraBridge.Native.Tests;

/// <summary>Models of the zoo, loaded without LoraBridge's facade.</summary>
internal static class ZooModels
{
    internal static LlamaModelHandle Load(string name = "llama-dense.gguf") => LlamaModels.Load(Zoo.PathOf(name));

    internal static LlamaContextHandle CreateContext(
        LlamaModelHandle model, EvaluationCallback? evaluation = null, AbortCallback? abort = null)
    {
        var parameters = LlamaContexts.DefaultParameters();
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = 32;
        parameters.n_threads = parameters.n_threads_batch = 1;
        return LlamaContexts.Create(model, parameters, evaluation, abort);
    }

    /// <summary>Evaluates a few tokens; the status of <c>llama_decode</c>.</summary>
    internal static int Decode(LlamaContextHandle context)
    {
        using var batch = new BatchHandle(capacity: 4);
        for (var i = 0; i < 4; i++)
            batch.Add(token: i + 1, position: i, sequence: 0, logits: i == 3);
        return Llama.llama_decode(context.Pointer, batch.Batch);
    }
}
