using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The samplers that a chain can hold.</summary>
internal static unsafe partial class Llama
{
    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_greedy();

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_dist(uint seed);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_top_k(int k);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_top_p(float p, nuint min_keep);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_min_p(float p, nuint min_keep);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_typical(float p, nuint min_keep);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_temp(float t);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_temp_ext(float t, float delta, float exponent);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_xtc(float p, float t, nuint min_keep, uint seed);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_top_n_sigma(float n);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_mirostat(int n_vocab, uint seed, float tau, float eta, int m);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_mirostat_v2(uint seed, float tau, float eta);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SamplerPtr llama_sampler_init_grammar(VocabPtr vocab, string? grammar_str, string? grammar_root);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_penalties(
        int n_vocab, int penalty_last_n, float penalty_repeat, float penalty_freq, float penalty_present);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_dry(
        VocabPtr vocab, float dry_multiplier, float dry_base, int dry_allowed_length, int dry_penalty_last_n,
        byte** seq_breakers, nuint num_breakers);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_adaptive_p(float target, float decay, uint seed);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_logit_bias(
        int n_vocab, int n_logit_bias, ReadOnlySpan<LlamaLogitBias> logit_bias);

    [LibraryImport(Library)]
    internal static partial SamplerPtr llama_sampler_init_infill(VocabPtr vocab);
}
