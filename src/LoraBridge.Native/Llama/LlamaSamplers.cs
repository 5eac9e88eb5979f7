using System.Buffers;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Makes chains of samplers and lets them choose.</summary>
internal static unsafe class LlamaSamplers
{
    /// <summary>
    /// 12 bytes for each token of the vocabulary are more than should be allocated with every token. Answers move from thread to thread:
    /// <see cref="ArrayPool{T}.Shared"/>, which keeps arrays by thread, would allocate one for each.
    /// </summary>
    private static readonly ArrayPool<LlamaTokenData> Candidates = ArrayPool<LlamaTokenData>.Create(maxArrayLength: 1 << 22, Environment.ProcessorCount);

    /// <summary>A chain that owns <paramref name="samplers"/>, applied in this order; the last one chooses.</summary>
    internal static SamplerHandle Chain(params ReadOnlySpan<SamplerPtr> samplers)
    {
        var parameters = llama_sampler_chain_default_params();
        parameters.no_perf = true;
        var chain = new SamplerHandle(llama_sampler_chain_init(parameters), "A sampler chain could not be created.");
        foreach (var sampler in samplers)
        {
            if (sampler.IsNull)
                throw new NativeException("A sampler could not be created.");
            llama_sampler_chain_add(chain.Pointer, sampler);
        }
        return chain;
    }

    /// <summary>Lets <paramref name="chain"/> choose among all tokens, given their <paramref name="logits"/> [vocabulary].</summary>
    /// <exception cref="InvalidOperationException">No sampler of the chain chooses a token.</exception>
    internal static int Sample(SamplerHandle chain, ReadOnlySpan<float> logits)
    {
        var candidates = Candidates.Rent(logits.Length);
        try
        {
            for (var i = 0; i < logits.Length; i++)
                candidates[i] = new LlamaTokenData { id = i, logit = logits[i] };
            fixed (LlamaTokenData* data = candidates)
            {
                var array = new LlamaTokenDataArray { data = data, size = (nuint)logits.Length, selected = -1 };
                llama_sampler_apply(chain.Pointer, &array);
                if (array.selected < 0 || array.selected >= (long)array.size)
                    throw new InvalidOperationException("The chain ends without a sampler that chooses a token.");
                return array.data[array.selected].id;
            }
        }
        finally
        {
            Candidates.Return(candidates);
        }
    }
}
