using System.Runtime.CompilerServices;
using LoraBridge.Formats;
using static LoraBridge.Native.Ggml;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native.Tests;

/// <summary>The by-value structs, probed against what the library puts into them.</summary>
public class StructTests
{
    [Fact]
    public void Model_parameters()
    {
        var p = llama_model_default_params();

        Assert.Equal(-1, p.n_gpu_layers);
        Assert.Equal(LlamaSplitMode.Layer, p.split_mode);
        Assert.Equal(LlamaBuild.Loaded == LlamaBuild.V050 ? LlamaLoadMode.Auto : LlamaLoadMode.Mmap, p.load_mode);
        Assert.Equal(LlamaLazyMode.Auto, p.lazy_mode);
        Assert.Equal(0, p.main_gpu);
        Assert.Equal([false, false, true, false, false, false],
            new bool[] { p.vocab_only, p.check_tensors, p.use_extra_bufts, p.no_host, p.no_alloc, p.load_mtp });
    }

    [Fact]
    public void Context_parameters()
    {
        var p = llama_context_default_params();

        var v050 = LlamaBuild.Loaded == LlamaBuild.V050;
        Assert.Equal([512u, 2048u, 512u, 1u, 0u, 0u, v050 ? 1u : 0u],
            new[] { p.n_ctx, p.n_batch, p.n_ubatch, p.n_seq_max, p.n_rs_seq, p.n_outputs_max, p.n_outputs_max_per_seq });
        Assert.Equal((4, 4), (p.n_threads, p.n_threads_batch));
        Assert.Equal(LlamaContextType.Default, p.ctx_type);
        Assert.Equal(LlamaRopeScalingType.Unspecified, p.rope_scaling_type);
        Assert.Equal(LlamaPoolingType.Unspecified, p.pooling_type);
        Assert.Equal(LlamaAttentionType.Unspecified, p.attention_type);
        Assert.Equal(LlamaFlashAttentionType.Auto, p.flash_attn_type);
        Assert.Equal([0f, 0f, -1f, -1f, -1f, -1f, -1f], new[]
        {
            p.rope_freq_base, p.rope_freq_scale, p.yarn_ext_factor, p.yarn_attn_factor, p.yarn_beta_fast, p.yarn_beta_slow, p.defrag_thold,
        });
        Assert.Equal(0u, p.yarn_orig_ctx);
        Assert.Equal((GgmlType.F16, GgmlType.F16), (p.type_k, p.type_v));
        Assert.Equal([false, true, true, true, true, false],
            new bool[] { p.embeddings, p.offload_kqv, p.no_perf, p.op_offload, p.swa_full, p.kv_unified });
        Assert.Equal(0u, p.n_samplers);
        Assert.True(p.ctx_other.IsNull);
    }

    [Fact]
    public void Quantization_parameters()
    {
        var p = llama_model_quantize_default_params();

        Assert.Equal(0, p.nthread);
        Assert.Equal(LlamaFileType.Q8_0, p.ftype);
        Assert.Equal((43, 43), ((int)p.output_tensor_type, (int)p.token_embedding_type));
        Assert.Equal([false, true, false, false, false, false], new bool[]
        {
            p.allow_requantize, p.quantize_output_tensor, p.only_copy, p.pure, p.keep_split, p.dry_run,
        });
        Assert.Equal(LlamaBuild.Loaded == LlamaBuild.V050 ? 8ul << 30 : 0, p.max_buf_size);
    }

    [Fact]
    public void Thread_pool_parameters()
    {
        ggml_threadpool_params_init(out var p, 7);

        Assert.Equal((7, 0, 50u), (p.n_threads, p.prio, p.poll));
        Assert.Equal([false, false], new bool[] { p.strict_cpu, p.paused });
        Assert.Equal(528, Unsafe.SizeOf<GgmlThreadpoolParams>());
    }

    [Fact]
    public void Sampler_chain_parameters() => Assert.True(llama_sampler_chain_default_params().no_perf);

    [Fact]
    public void Batch_arrays_are_where_the_struct_says()
    {
        using var batch = new BatchHandle(capacity: 3, maxSequences: 2);
        batch.Add(token: 11, position: 0, sequences: [0, 1], logits: false);
        batch.Add(token: 12, position: 1, sequence: 1, logits: true);

        Assert.Equal(2, batch.Count);
        Assert.Equal(2, batch.Batch.n_tokens);
        Assert.Throws<ArgumentException>(() => batch.Add(1, 1, [0, 1, 2], logits: false));
        batch.Add(token: 13, position: 2, sequence: 0, logits: true);
        Assert.Throws<InvalidOperationException>(() => batch.Add(14, 3, 0, logits: true));
    }

    [Fact]
    public void Metadata_override_has_the_size_of_the_union()
    {
        Assert.Equal(264, Unsafe.SizeOf<LlamaModelKvOverride>());
        Assert.Throws<ArgumentException>(() => new LlamaMetadataOverride(new string('k', 128), 1L).ToNative());
        Assert.Throws<ArgumentException>(() => new LlamaMetadataOverride("key", 1).ToNative());
    }

    [Fact]
    public void Sampler_reads_the_candidates()
    {
        using var greedy = LlamaSamplers.Chain(llama_sampler_init_greedy());
        using var filtered = LlamaSamplers.Chain(llama_sampler_init_top_k(1), llama_sampler_init_dist(7));
        using var undecided = LlamaSamplers.Chain(llama_sampler_init_top_k(2));

        Assert.Equal(2, LlamaSamplers.Sample(greedy, [0.5f, -1f, 3f, 2f]));
        Assert.Equal(3, LlamaSamplers.Sample(filtered, [0.5f, -1f, 3f, 4f]));
        Assert.Throws<InvalidOperationException>(() => LlamaSamplers.Sample(undecided, [1f, 2f, 3f]));
    }

    [Fact]
    public void Device_properties()
    {
        var properties = DeviceProperties.Of(CpuBackend.Device);

        Assert.Equal("CPU", properties.Name);
        Assert.NotEqual("", properties.Description);
        Assert.Equal(GgmlBackendDeviceType.Cpu, properties.Type);
        Assert.InRange(properties.MemoryTotal, 1L << 28, 1L << 48);
        Assert.InRange(properties.MemoryFree, 1, properties.MemoryTotal);
        Assert.True(properties.Capabilities.buffer_from_host_ptr);
        Assert.False(properties.Capabilities.async);
    }

    [Fact]
    public void Chat_messages()
    {
        var text = LlamaChatTemplates.Apply("chatml", [("user", "Grüße"), ("assistant", "Hi")], addAssistant: true);

        Assert.Equal("<|im_start|>user\nGrüße<|im_end|>\n<|im_start|>assistant\nHi<|im_end|>\n<|im_start|>assistant\n", text);
        Assert.Contains("chatml", LlamaChatTemplates.Names);
        Assert.Null(LlamaChatTemplates.Apply("no template at all", [("user", "x")], addAssistant: false));
    }

    [Fact]
    public void Context_memory()
    {
        using var context = GgmlContexts.WithData(1 << 16);

        Assert.Equal((nuint)(1 << 16), ggml_get_mem_size(context.Pointer));
        Assert.False(ggml_get_no_alloc(context.Pointer));
        ggml_set_no_alloc(context.Pointer, true);
        Assert.True(ggml_get_no_alloc(context.Pointer));
    }
}
