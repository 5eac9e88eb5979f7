using LoraBridge.Adapters;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Merging;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Adapters;

/// <summary>Adapters that would do something else than they were trained for are refused, or said to be what they are.</summary>
public sealed class AdapterFaultTests : IDisposable
{
    private const string Module = "model.layers.1.self_attn.q_proj";
    private readonly TemporaryFolder _folder = new();

    private static string Llama => TinyModels.PathOf(TinyArchitecture.Llama);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(GgmlType.F32, float.NaN, "lora_a")]
    [InlineData(GgmlType.F32, float.PositiveInfinity, "lora_b")]
    [InlineData(GgmlType.F16, float.NaN, "lora_a")]
    [InlineData(GgmlType.F16, float.NegativeInfinity, "lora_b")]
    [InlineData(GgmlType.BF16, float.NaN, "lora_b")]
    [InlineData(GgmlType.Q8_0, float.NaN, "lora_a")]
    public void A_value_that_is_no_number_is_refused_wherever_it_is_read(GgmlType type, float bad, string half)
    {
        var path = Save(type, bad, half);
        Assert.Contains(half, Assert.Throws<InvalidDataException>(() => new LoraAdapter(path)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => LoraAdapter.Inspect(path));
        Assert.False(LoraAdapter.ValidateFormat(path, out _));
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        Assert.Throws<InvalidDataException>(() => model.ApplyLoraAdapter(path));
        Assert.Empty(model.Adapters);
        Assert.True(LoraAdapter.ValidateFormat(Save(type, 1, half), out _));
    }

    [Fact]
    public void A_value_that_is_no_number_in_a_folder_of_another_library_is_refused()
    {
        var folder = new PeftFolder(_folder).AddModule(Module, 256, 256);
        folder.Values[$"base_model.model.{Module}.lora_B.weight"][77] = float.NaN;
        Assert.Contains("value 77", Assert.Throws<InvalidDataException>(() => Convert(folder, "")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lm_head", 260, 256)]
    [InlineData("model.embed_tokens", 260, 256)]
    [InlineData("model.layers.0.mlp.up_proj", 512, 256)]
    [InlineData("some.other.module", 3, 4)]
    public void A_copy_of_the_bases_own_weight_is_left_out_with_a_word(string copied, long outputs, long inputs)
    {
        var plain = new PeftFolder(_folder, "plain").AddModule(Module, 256, 256);
        Convert(plain, "");
        var expected = File.ReadAllBytes(_folder["out.gguf"]);
        var folder = new PeftFolder(_folder).AddModule(Module, 256, 256).Add($"base_model.model.{copied}.base_layer.weight", outputs, inputs);
        Assert.Contains(copied, Assert.Single(Convert(folder, "").Skipped), StringComparison.Ordinal);
        Assert.Equal(expected, File.ReadAllBytes(_folder["out.gguf"]));
    }

    [Fact]
    public void A_copy_of_another_models_weight_is_a_mismatch()
    {
        var folder = new PeftFolder(_folder).AddModule(Module, 256, 256).Add("base_model.model.lm_head.base_layer.weight", 261, 256);
        Assert.Contains("261", Assert.Throws<AdapterMismatchException>(() => Convert(folder, "")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("^layers.1.self_attn.q_proj", 8)]
    [InlineData("^model.layers.1.self_attn.q_proj", 64)]
    [InlineData("layers.1.self_attn.q_proj", 64)]
    [InlineData("q_proj", 64)]
    [InlineData("_proj", 8)]
    [InlineData("layers.1", 8)]
    [InlineData("k_proj|q_proj", 64)]
    [InlineData(@"layers\.\d+\.self_attn\.q_proj", 64)]
    [InlineData(".*q_proj$", 64)]
    [InlineData("(?!k_proj).*_proj", 64)]
    [InlineData("(?P<kind>q|k)_proj", 64)]
    public void Patterns_match_as_in_peft(string pattern, float alpha)
    {
        var folder = new PeftFolder(_folder).AddModule(Module, 256, 256);
        Convert(folder, $$""", "alpha_pattern": {"{{pattern.Replace(@"\", @"\\", StringComparison.Ordinal)}}": 64}""");
        using var file = GgufFile.Open(_folder["out.gguf"]);
        var written = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(file.ReadAll(file.Find("blk.1.attn_q.weight.lora_b")!));
        var largest = folder.Values[$"base_model.model.{Module}.lora_B.weight"].Max(MathF.Abs);
        Assert.Equal(alpha / 8, System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(written) is var max ? MathF.Abs(max) / largest : 0, 1e-4f);
    }

    [Theory]
    [InlineData("\"init_lora_weights\": \"lora_ga\"")]
    [InlineData("\"init_lora_weights\": \"LoRA_GA\"")]
    [InlineData("\"init_lora_weights\": \"pissa_niter_16\"")]
    [InlineData("\"layer_replication\": [[0, 2], [1, 2]]")]
    [InlineData("\"trainable_token_indices\": [1, 2]")]
    [InlineData("\"target_parameters\": [\"experts.gate_up_proj\"]")]
    [InlineData("\"modules_to_save\": [\"lm_head\"]")]
    public void What_two_matrices_cannot_say_is_refused(string setting) => Assert.Throws<NotSupportedException>(
        () => Convert(new PeftFolder(_folder).AddModule(Module, 256, 256), ", " + setting));

    [Theory]
    [InlineData("\"layer_replication\": null, \"trainable_token_indices\": null, \"target_parameters\": [], \"arrow_config\": {}, \"init_lora_weights\": \"gaussian\"")]
    [InlineData("\"eva_config\": null, \"loftq_config\": {}, \"init_lora_weights\": true")]
    public void What_is_switched_off_is_no_obstacle(string settings) =>
        Assert.Equal(2, Convert(new PeftFolder(_folder).AddModule(Module, 256, 256), ", " + settings).TensorCount);

    [Fact]
    public void An_activated_adapter_is_shown_and_applied_but_neither_merged_nor_combined()
    {
        var folder = new PeftFolder(_folder).AddModule(Module, 256, 256);
        Convert(folder, ", \"alora_invocation_tokens\": [5, 6]");
        var path = _folder["out.gguf"];
        Assert.Equal([5, 6], LoraAdapter.Inspect(path).InvocationTokens);
        Assert.Equal([5, 6], ModelFileInfo.Read(path).Adapter!.InvocationTokens);
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        Assert.Equal(path, model.ApplyLoraAdapter(path).Path);
        Assert.Contains("5, 6", Assert.Throws<NotSupportedException>(
            () => new LoraMerger(Llama).MergeAndExport(new LoraAdapter(path), _folder["merged.gguf"])).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["merged.gguf"]));
        Assert.Throws<NotSupportedException>(() => AdapterArithmetic.Combine([(path, 1f)], _folder["sum.gguf"], AdapterCombination.Concatenate));
        Assert.Throws<NotSupportedException>(() => AdapterArithmetic.Resize(path, _folder["small.gguf"], 2));

        AdapterConversion.ToPeft(path, Llama, _folder["peft"]);
        Assert.Contains("alora_invocation_tokens", File.ReadAllText(Path.Combine(_folder["peft"], "adapter_config.json")), StringComparison.Ordinal);
    }

    private AdapterConversionResult Convert(PeftFolder folder, string more) =>
        AdapterConversion.FromPeft(folder.Save($$"""{"peft_type": "LORA", "r": 4, "lora_alpha": 8{{more}}}"""), Llama, _folder["out.gguf"], overwrite: true);

    private string Save(GgmlType type, float value, string half)
    {
        var path = _folder[$"{type}-{value}-{half}.gguf"];
        var metadata = new GgufMetadata()
            .Set("general.architecture", "llama").Set("general.type", "adapter").Set("adapter.type", "lora").Set("adapter.lora.alpha", 8f);
        var writer = new GgufWriter(metadata);
        foreach (var (suffix, shape) in new[] { ("lora_a", new long[] { 256, 32 }), ("lora_b", new long[] { 32, 256 }) })
        {
            var data = new byte[type.RowSize(shape[0]) * shape[1]];
            if (suffix == half)
            {
                // Not the first value: the fifth block of the second row, say.
                var at = type.RowSize(shape[0]) + (type.IsQuantized() ? 0 : 4 * type.TypeSize());
                WriteValue(data.AsSpan((int)at), type, value);
            }
            writer.AddTensor($"blk.1.attn_q.weight.{suffix}", type, shape, data);
        }
        writer.Save(path);
        return path;
    }

    private static void WriteValue(Span<byte> destination, GgmlType type, float value)
    {
        if (type == GgmlType.F32)
            System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(destination, value);
        else if (type == GgmlType.BF16)
            HalfPrecision.Float32ToBFloat16([value], destination[..2]);
        else
            System.Buffers.Binary.BinaryPrimitives.WriteHalfLittleEndian(destination, (Half)value);
    }
}
