using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Makes contexts and reads their outputs.</summary>
internal static unsafe class LlamaContexts
{
    /// <summary>A context of <paramref name="model"/>; the callbacks must outlive it.</summary>
    /// <param name="model">Stays alive as long as the context.</param>
    /// <param name="parameters">Null takes llama.cpp's defaults with <see cref="ProcessorInfo.DefaultThreadCount"/> threads.</param>
    /// <param name="evaluation">Sees the nodes of every graph (<c>cb_eval</c>).</param>
    /// <param name="abort">Asked during computations on the CPU whether to end.</param>
    internal static LlamaContextHandle Create(
        LlamaModelHandle model, LlamaContextParams? parameters = null, EvaluationCallback? evaluation = null, AbortCallback? abort = null)
    {
        var native = parameters ?? DefaultParameters();
        if (evaluation is not null)
        {
            native.cb_eval = EvaluationCallback.Function;
            native.cb_eval_user_data = evaluation.UserData;
        }
        if (abort is not null)
        {
            native.abort_callback = AbortCallback.Function;
            native.abort_callback_data = abort.UserData;
        }
        NativeLog.Clear();
        return new LlamaContextHandle(
            llama_init_from_model(model.Pointer, native), model, $"A context of {native.n_ctx} tokens could not be created.");
    }

    /// <summary>llama.cpp's defaults, but with as many threads as there are cores.</summary>
    internal static LlamaContextParams DefaultParameters()
    {
        NativeRuntime.Initialize();
        var parameters = llama_context_default_params();
        parameters.n_threads = parameters.n_threads_batch = ProcessorInfo.DefaultThreadCount;
        return parameters;
    }

    /// <summary>
    /// Logits [vocabulary] of output <paramref name="index"/> of the last batch (negative counts from the end); borrowed until the
    /// next one.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch asked for no such output.</exception>
    internal static ReadOnlySpan<float> Logits(LlamaContextHandle context, int index)
    {
        var values = llama_get_logits_ith(context.Pointer, index);
        return values != null ? new(values, VocabularySize(context)) : throw NoOutput(index);
    }

    /// <summary>Embedding of output <paramref name="index"/> of the last batch; borrowed until the next one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch asked for no such output.</exception>
    internal static ReadOnlySpan<float> Embeddings(LlamaContextHandle context, int index)
    {
        var values = llama_get_embeddings_ith(context.Pointer, index);
        return values != null ? new(values, llama_model_n_embd_out(llama_get_model(context.Pointer))) : throw NoOutput(index);
    }

    /// <summary>Pooled embedding of a sequence of the last batch; borrowed until the next one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch had no such sequence, or the context does not pool.</exception>
    internal static ReadOnlySpan<float> PooledEmbedding(LlamaContextHandle context, int sequence)
    {
        var values = llama_get_embeddings_seq(context.Pointer, sequence);
        return values != null
            ? new(values, llama_model_n_embd_out(llama_get_model(context.Pointer)))
            : throw new ArgumentOutOfRangeException(nameof(sequence), sequence, "The last batch has no embedding of this sequence.");
    }

    /// <summary>Number of tokens of the context's vocabulary.</summary>
    internal static int VocabularySize(LlamaContextHandle context) =>
        llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context.Pointer)));

    private static ArgumentOutOfRangeException NoOutput(int index) =>
        new(nameof(index), index, "The last batch did not ask for this output.");
}
