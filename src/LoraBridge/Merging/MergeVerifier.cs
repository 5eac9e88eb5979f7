using LoraBridge.Adapters;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Merging;

/// <summary>Compares the logits of a merged model with those of base and adapters, both computed by llama.cpp.</summary>
internal sealed class MergeVerifier(int seed)
{
    private const int Prompts = 4;
    private const int PromptTokens = 32;

    /// <exception cref="InvalidDataException">llama.cpp cannot load a model, or cannot apply an adapter.</exception>
    internal MergeVerification Compare(
        GgufModelFiles model, IReadOnlyList<AdapterSource> adapters, string merged, CancellationToken cancellationToken)
    {
        var tokens = new List<int[]>();
        var unapplied = new SortedSet<string>(StringComparer.Ordinal);
        float[][] bare, live, found;
        // Not repacked: repacked kernels sum in another order, which is no fault of the merge.
        var options = new NativeLoadOptions { UseExtraBuffers = false };
        using (var handle = ModelLoader.Load(model, options, null, cancellationToken))
        {
            tokens.AddRange(RandomPrompts(llama_vocab_n_tokens(llama_model_get_vocab(handle.Pointer))));
            bare = Logits(handle, [], tokens, cancellationToken);
            var handles = new List<(LlamaAdapterHandle Adapter, float Scale)>();
            try
            {
                foreach (var adapter in adapters)
                {
                    handles.Add((LlamaAdapters.Load(handle, adapter.Adapter.Path), adapter.Scale));
                    unapplied.UnionWith(LiveTargets.FindUnapplied(handle, handles[^1].Adapter, adapter.Adapter));
                }

                live = Logits(handle, handles, tokens, cancellationToken);
            }
            catch (NativeException fault)
            {
                throw new InvalidDataException($"The merge was written, but cannot be verified: {fault.Message}", fault);
            }
            finally
            {
                handles.ForEach(entry => entry.Adapter.Dispose());
            }
        }

        using (var handle = ModelLoader.Load(merged, options, null, cancellationToken))
            found = Logits(handle, [], tokens, cancellationToken);
        return Compare(live, found, bare) with { UnappliedTensors = [.. unapplied] };
    }

    internal static MergeVerification Compare(float[][] live, float[][] merged, float[][] bare)
    {
        var (power, error, effect, largest, agreeing) = (0.0, 0.0, 0.0, 0.0, 0);
        for (var i = 0; i < live.Length; i++)
        {
            for (var v = 0; v < live[i].Length; v++)
            {
                var difference = Math.Abs((double)merged[i][v] - live[i][v]);
                power += (double)live[i][v] * live[i][v];
                error += difference * difference;
                effect += Math.Pow(bare[i][v] - (double)live[i][v], 2);
                largest = Math.Max(largest, difference);
            }

            agreeing += Top(live[i]) == Top(merged[i]) ? 1 : 0;
        }

        var scale = power > 0 ? power : 1;
        return new MergeVerification(live.Length, error / scale, largest, (double)agreeing / live.Length, effect / scale);
    }

    private static int Top(float[] logits) => Array.IndexOf(logits, logits.Max());

    private IEnumerable<int[]> RandomPrompts(int vocabulary)
    {
        var random = new Random(seed);
        for (var i = 0; i < Prompts; i++)
            yield return [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(vocabulary))];
    }

    private static float[][] Logits(
        LlamaModelHandle model, IReadOnlyList<(LlamaAdapterHandle, float)> adapters, List<int[]> prompts, CancellationToken cancellationToken)
    {
        var parameters = LlamaContexts.DefaultParameters() with { n_ctx = PromptTokens, n_batch = PromptTokens, n_ubatch = PromptTokens };
        using var context = LlamaContexts.Create(model, parameters);
        context.SetAdapters(adapters);
        using var batch = new BatchHandle(PromptTokens);
        var logits = new List<float[]>();
        foreach (var prompt in prompts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            llama_memory_clear(llama_get_memory(context.Pointer), data: true);
            batch.Clear();
            for (var i = 0; i < prompt.Length; i++)
                batch.Add(prompt[i], i, 0, logits: true);
            var status = llama_decode(context.Pointer, batch.Batch);
            if (status != 0)
                throw new NativeException($"llama_decode of {prompt.Length} tokens ended with {status}.");
            for (var i = 0; i < prompt.Length; i++)
                logits.Add(LlamaContexts.Logits(context, i).ToArray());
        }

        return [.. logits];
    }
}
