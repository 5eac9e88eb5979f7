using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Training.Verification;

/// <summary>
/// The loss of a row as llama.cpp's own inference gives it: the reference that training is held against. Cache and attention are
/// F32 and unfused, so that nothing but the weights is rounded.
/// </summary>
internal sealed class LossOracle : IDisposable
{
    private readonly LlamaContextHandle _context;
    private readonly BatchHandle _batch;

    /// <param name="model">The model.</param>
    /// <param name="adapters">Adapters to apply, with their scales.</param>
    /// <param name="tokens">T, the most tokens of a row.</param>
    /// <param name="threads">Threads to compute with.</param>
    public LossOracle(LlamaModelHandle model, IReadOnlyList<(LlamaAdapterHandle Adapter, float Scale)> adapters, int tokens, int threads)
    {
        _context = LlamaContexts.Create(model, GraphTracer.ContextOf(tokens, threads));
        _batch = new BatchHandle(tokens);
        if (adapters.Count > 0)
        {
            LlamaAdapterPtr[] pointers = [.. adapters.Select(pair => pair.Adapter.Pointer)];
            float[] scales = [.. adapters.Select(pair => pair.Scale)];
            if (llama_set_adapters_lora(_context.Pointer, pointers, (nuint)pointers.Length, scales) != 0)
                throw new NativeException("The adapters could not be set.");
        }
    }

    /// <summary>Logits [V, T] of a row.</summary>
    public float[] Logits(ReadOnlySpan<int> tokens)
    {
        Decode(tokens);
        var vocabulary = LlamaContexts.VocabularySize(_context);
        var logits = new float[(long)vocabulary * tokens.Length];
        for (var i = 0; i < tokens.Length; i++)
            LlamaContexts.Logits(_context, i).CopyTo(logits.AsSpan(i * vocabulary));
        return logits;
    }

    /// <summary>Mean cross entropy in nats of each token given the ones before it.</summary>
    public double Loss(ReadOnlySpan<int> tokens)
    {
        Decode(tokens);
        var sum = 0.0;
        for (var i = 0; i + 1 < tokens.Length; i++)
            sum += CrossEntropy(LlamaContexts.Logits(_context, i), tokens[i + 1]);
        return sum / (tokens.Length - 1);
    }

    public void Dispose()
    {
        _batch.Dispose();
        _context.Dispose();
    }

    private void Decode(ReadOnlySpan<int> tokens)
    {
        var memory = llama_get_memory(_context.Pointer);
        if (!memory.IsNull)
            llama_memory_clear(memory, true);
        _batch.Clear();
        for (var i = 0; i < tokens.Length; i++)
            _batch.Add(tokens[i], i, 0, logits: true);
        var status = llama_decode(_context.Pointer, _batch.Batch);
        if (status != 0)
            throw new NativeException($"llama_decode of {tokens.Length} tokens ended with {status}.");
    }

    private static double CrossEntropy(ReadOnlySpan<float> logits, int target)
    {
        double largest = float.NegativeInfinity;
        foreach (var logit in logits)
            largest = Math.Max(largest, logit);
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - largest);
        return Math.Log(sum) + largest - logits[target];
    }
}
