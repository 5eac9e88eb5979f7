using LoraBridge.Adapters;
using LoraBridge.Finetuning;
using LoraBridge.Merging;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Adapters;

/// <summary>Adapters of other libraries. The tiny models have D = 256, F = 512, 4 heads of queries and 2 of keys, 64 rows each.</summary>
public sealed class AdapterConversionTests : IDisposable
{
    private const string Config = """{"peft_type":"LORA","r":4,"lora_alpha":8,"target_modules":["q_proj"],"bias":"none"}""";
    private readonly TemporaryFolder _folder = new();

    private static string Llama => TinyModels.PathOf(TinyArchitecture.Llama);

    private static string Qwen => TinyModels.PathOf(TinyArchitecture.Qwen3);

    [Theory]
    [InlineData("model.layers.1.self_attn.q_proj", "blk.1.attn_q.weight", 256, 256, 4)]
    [InlineData("model.layers.0.self_attn.k_proj", "blk.0.attn_k.weight", 256, 128, 2)]
    public void Rows_of_queries_and_keys_are_interleaved_as_llama_cpp_does(string module, string target, int inputs, int outputs, int heads)
    {
        var foreign = new PeftFolder(_folder).AddModule(module, inputs, outputs);
        var result = AdapterConversion.FromPeft(foreign.Save(Config), Llama, _folder["out.gguf"]);

        Assert.Equal((2, 4, 8f), (result.TensorCount, result.Rank, result.Alpha));
        Assert.Empty(result.Skipped);
        var b = foreign.Values[$"base_model.model.{module}.lora_B.weight"];
        Assert.Equal(foreign.Values[$"base_model.model.{module}.lora_A.weight"], Read($"{target}.lora_a"));
        Assert.Equal(Permuted(b, rank: 4, heads), Read($"{target}.lora_b"));
        Assert.NotEqual(b, Read($"{target}.lora_b"));
    }

    [Theory]
    [InlineData("self_attn.v_proj", "attn_v", 256, 128)]
    [InlineData("self_attn.o_proj", "attn_output", 256, 256)]
    [InlineData("mlp.gate_proj", "ffn_gate", 256, 512)]
    [InlineData("mlp.up_proj", "ffn_up", 256, 512)]
    [InlineData("mlp.down_proj", "ffn_down", 512, 256)]
    public void Other_rows_keep_their_order(string module, string role, int inputs, int outputs)
    {
        var foreign = new PeftFolder(_folder).AddModule($"model.layers.0.{module}", inputs, outputs);
        AdapterConversion.FromPeft(foreign.Save(Config), Llama, _folder["out.gguf"]);
        Assert.Equal(foreign.Values[$"base_model.model.model.layers.0.{module}.lora_B.weight"], Read($"blk.0.{role}.weight.lora_b"));
    }

    [Fact]
    public void Models_whose_rotations_lie_as_in_the_checkpoint_keep_their_rows()
    {
        // Text models inside of multimodal ones have longer names, older files an adapter's name.
        var foreign = new PeftFolder(_folder)
            .Add("base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.default.weight", 4, 256)
            .Add("base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_B.default.weight", 256, 4);
        AdapterConversion.FromPeft(foreign.Save(Config), Qwen, _folder["out.gguf"]);
        Assert.Equal(foreign.Values.Values.Last(), Read("blk.0.attn_q.weight.lora_b"));
    }

    [Fact]
    public void Every_module_counts_as_it_did()
    {
        var foreign = new PeftFolder(_folder)
            .AddModule("model.layers.0.self_attn.v_proj", 256, 128)
            .AddModule("model.layers.1.self_attn.v_proj", 256, 128, rank: 16)
            .AddModule("model.layers.0.mlp.up_proj", 256, 512);
        AdapterConversion.FromPeft(
            foreign.Save("""
                {"peft_type":"LORA","r":4,"lora_alpha":8,"use_rslora":true,"rank_pattern":{"layers.1.self_attn.v_proj":16},
                 "alpha_pattern":{"up_proj":12}}
                """), Llama, _folder["out.gguf"]);

        // llama.cpp counts alpha / rank times; the checkpoint says alpha / √rank.
        var stated = LoraAdapter.Inspect(_folder["out.gguf"]).Alpha;
        Assert.Equal(8, stated);
        Assert.Equal(8 / MathF.Sqrt(4), Factor("blk.0.attn_v", "layers.0.self_attn.v_proj", 4), 1e-5f);
        Assert.Equal(8 / MathF.Sqrt(16), Factor("blk.1.attn_v", "layers.1.self_attn.v_proj", 16), 1e-5f);
        Assert.Equal(12 / MathF.Sqrt(4), Factor("blk.0.ffn_up", "layers.0.mlp.up_proj", 4), 1e-5f);

        float Factor(string target, string module, int rank) =>
            stated / rank * Read($"{target}.weight.lora_b")[5] / foreign.Values[$"base_model.model.model.{module}.lora_B.weight"][5];
    }

    [Fact]
    public void Embedding_and_head_are_converted()
    {
        var foreign = new PeftFolder(_folder)
            .Add("base_model.model.model.embed_tokens.lora_embedding_A", 4, TinyVocabulary.Size)
            .Add("base_model.model.model.embed_tokens.lora_embedding_B", 256, 4)
            .AddModule("lm_head", 256, TinyVocabulary.Size);
        AdapterConversion.FromPeft(foreign.Save(Config), Llama, _folder["out.gguf"]);

        // GGUF keeps a row of A for each token.
        var a = foreign.Values["base_model.model.model.embed_tokens.lora_embedding_A"];
        Assert.Equal(a[2 * TinyVocabulary.Size + 7], Read("token_embd.weight.lora_a")[7 * 4 + 2]);
        Assert.Equal(foreign.Values["base_model.model.lm_head.lora_B.weight"], Read("output.weight.lora_b"));
        using var model = new LM(Llama, TinyModels.Device);
        model.ApplyLoraAdapter(_folder["out.gguf"]);
    }

    [Fact]
    public void What_has_no_place_is_named()
    {
        var foreign = new PeftFolder(_folder)
            .AddModule("model.layers.0.self_attn.v_proj", 256, 128)
            .AddModule("model.vision_tower.layers.0.self_attn.v_proj", 256, 128);
        var result = AdapterConversion.FromPeft(foreign.Save(Config), Llama, _folder["out.gguf"]);
        Assert.Equal(["model.vision_tower.layers.0.self_attn.v_proj"], result.Skipped);
        Assert.Equal(2, result.TensorCount);
    }

    [Theory]
    [InlineData("base_model.model.model.layers.0.self_attn.v_proj.lora_magnitude_vector.default.weight", "DoRA")]
    [InlineData("base_model.model.model.layers.0.self_attn.v_proj.lora_B.bias", "bias")]
    [InlineData("base_model.model.model.layers.0.self_attn.v_proj.base_layer.bias", "bias")]
    [InlineData("base_model.model.lm_head.modules_to_save.default.weight", "modules_to_save")]
    [InlineData("base_model.model.model.norm.weight", "modules_to_save")]
    public void What_is_more_than_two_matrices_is_refused(string tensor, string kind)
    {
        var foreign = new PeftFolder(_folder).AddModule("model.layers.0.self_attn.v_proj", 256, 128).Add(tensor, 128);
        var fault = Assert.Throws<NotSupportedException>(() => AdapterConversion.FromPeft(foreign.Save(Config), Llama, _folder["out.gguf"]));
        Assert.Contains(tensor, fault.Message, StringComparison.Ordinal);
        Assert.Contains(kind, fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["out.gguf"]));
    }

    [Theory]
    [InlineData("model.layers.7.self_attn.v_proj", 256, 128, "blk.7.attn_v.weight")]
    [InlineData("model.layers.0.self_attn.v_proj", 512, 128, "512 inputs")]
    public void An_adapter_of_another_model_is_refused(string module, int inputs, int outputs, string found)
    {
        var foreign = new PeftFolder(_folder).AddModule(module, inputs, outputs);
        var fault = Assert.Throws<AdapterMismatchException>(() => AdapterConversion.FromPeft(foreign.Save(Config), Llama, _folder["out.gguf"]));
        Assert.Contains(found, fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["out.gguf"]));
    }

    [Fact]
    public void The_model_is_never_replaced()
    {
        var foreign = new PeftFolder(_folder).AddModule("model.layers.0.self_attn.v_proj", 256, 128);
        File.Copy(Llama, _folder["model.gguf"]);
        var path = foreign.Save(Config);
        Assert.Throws<IOException>(() => AdapterConversion.FromPeft(path, _folder["model.gguf"], _folder["model.gguf"]));
        Assert.Equal(File.ReadAllBytes(Llama), File.ReadAllBytes(_folder["model.gguf"]));
    }

    [Fact]
    public void Models_whose_checkpoints_are_not_known_are_refused()
    {
        var foreign = new PeftFolder(_folder).AddModule("model.layers.0.self_attn.v_proj", 256, 128);
        var fault = Assert.Throws<NotSupportedException>(
            () => AdapterConversion.FromPeft(foreign.Save(Config), Zoo.PathOf("falcon-dense.gguf"), _folder["out.gguf"]));
        Assert.Contains("falcon", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"peft_type":"IA3","r":4,"lora_alpha":8}""", typeof(NotSupportedException))]
    [InlineData("""{"peft_type":"LORA","r":4,"lora_alpha":8,"use_dora":true}""", typeof(NotSupportedException))]
    [InlineData("""{"peft_type":"LORA","r":4,"lora_alpha":8,"modules_to_save":["lm_head"]}""", typeof(NotSupportedException))]
    [InlineData("""{"peft_type":"LORA","r":4,"lora_alpha":8,"bias":"lora_only"}""", typeof(NotSupportedException))]
    [InlineData("""{"peft_type":"LORA","r":4,"lora_alpha":8,"lora_bias":true}""", typeof(NotSupportedException))]
    [InlineData("""{"peft_type":"LORA","r":4,"lora_alpha":8,"init_lora_weights":"pissa_niter_4"}""", typeof(NotSupportedException))]
    [InlineData("""{"peft_type":"LORA","r":4}""", typeof(InvalidDataException))]
    [InlineData("""{"peft_type":"LORA","r":4,"lora_alpha":0}""", typeof(InvalidDataException))]
    [InlineData("""{"peft_type":"LORA","r":4,"lora_alpha":8,"alpha_pattern":{"(":3}}""", typeof(InvalidDataException))]
    [InlineData("[]", typeof(InvalidDataException))]
    [InlineData("{", typeof(InvalidDataException))]
    public void Configurations_that_mean_something_else_are_refused(string configuration, Type fault)
    {
        var foreign = new PeftFolder(_folder).AddModule("model.layers.0.self_attn.v_proj", 256, 128);
        Assert.Throws(fault, () => AdapterConversion.FromPeft(foreign.Save(configuration), Llama, _folder["out.gguf"]));
    }

    [Fact]
    public void Missing_files_are_named()
    {
        Assert.Throws<DirectoryNotFoundException>(() => AdapterConversion.FromPeft(_folder["nowhere"], Llama, _folder["out.gguf"]));
        var foreign = new PeftFolder(_folder);
        File.WriteAllText(Path.Combine(foreign.Path, "adapter_config.json"), Config);
        File.WriteAllText(Path.Combine(foreign.Path, "adapter_model.bin"), "");
        Assert.Contains(
            "pickle", Assert.Throws<FileNotFoundException>(() => AdapterConversion.FromPeft(foreign.Path, Llama, _folder["out.gguf"])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Mlx_has_its_matrices_the_other_way_round()
    {
        var foreign = new PeftFolder(_folder)
            .Add("model.layers.0.self_attn.q_proj.lora_a", 256, 4).Add("model.layers.0.self_attn.q_proj.lora_b", 4, 256);
        var path = foreign.Save("""{"fine_tune_type":"lora","num_layers":2,"lora_parameters":{"rank":4,"scale":20.0,"dropout":0.0}}""", "adapters.safetensors");
        var result = AdapterConversion.FromMlx(path, Llama, _folder["out.gguf"]);

        Assert.Equal((4, 80f), (result.Rank, result.Alpha));
        var (a, b) = (foreign.Values["model.layers.0.self_attn.q_proj.lora_a"], foreign.Values["model.layers.0.self_attn.q_proj.lora_b"]);
        Assert.Equal(a[9 * 4 + 3], Read("blk.0.attn_q.weight.lora_a")[3 * 256 + 9]);
        float[] rows = [.. Enumerable.Range(0, b.Length).Select(i => b[i % 4 * 256 + i / 4])];
        Assert.Equal(Permuted(rows, 4, heads: 4), Read("blk.0.attn_q.weight.lora_b"));
    }

    [Fact]
    public void Mlx_has_magnitudes_that_are_refused()
    {
        var foreign = new PeftFolder(_folder)
            .Add("model.layers.0.self_attn.q_proj.lora_a", 256, 4).Add("model.layers.0.self_attn.q_proj.lora_b", 4, 256).Add("model.layers.0.self_attn.q_proj.m", 256);
        var path = foreign.Save("""{"lora_parameters":{"rank":4,"scale":20.0}}""", "adapters.safetensors");
        Assert.Contains("DoRA", Assert.Throws<NotSupportedException>(() => AdapterConversion.FromMlx(path, Llama, _folder["out.gguf"])).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(path, "adapter_config.json"), """{"fine_tune_type":"dora","lora_parameters":{"rank":4,"scale":20.0}}""");
        Assert.Throws<NotSupportedException>(() => AdapterConversion.FromMlx(path, Llama, _folder["out.gguf"]));
    }

    [Fact]
    public void Experts_are_stacked_whatever_their_library()
    {
        var model = Zoo.PathOf("qwen3moe-moe.gguf");
        using var file = GgufModelFiles.Open(model);
        var up = file.Tensors.First(tensor => tensor.Name.EndsWith("ffn_up_exps.weight", StringComparison.Ordinal)).Info;
        int inputs = (int)up.Dimension(0), outputs = (int)up.Dimension(1), experts = (int)up.Dimension(2);
        var layer = up.Name.Split('.')[1];

        // PEFT has modules for the experts it adapts; the others are not changed.
        var peft = new PeftFolder(_folder, "peft").AddModule($"model.layers.{layer}.mlp.experts.1.up_proj", inputs, outputs);
        AdapterConversion.FromPeft(peft.Save(Config), model, _folder["out.gguf"]);
        var b = Read($"{up.Name}.lora_b");
        Assert.Equal(peft.Values.Values.Last(), b[(outputs * 4)..(2 * outputs * 4)]);
        Assert.All(b[..(outputs * 4)], value => Assert.Equal(0, value));

        var mlx = new PeftFolder(_folder, "mlx")
            .Add($"model.layers.{layer}.mlp.switch_mlp.up_proj.lora_a", experts * 4, inputs)
            .Add($"model.layers.{layer}.mlp.switch_mlp.up_proj.lora_b", experts, outputs, 4);
        AdapterConversion.FromMlx(mlx.Save("""{"lora_parameters":{"rank":4,"scale":2}}""", "adapters.safetensors"), model, _folder["out.gguf"], overwrite: true);
        Assert.Equal(mlx.Values.Values.First(), Read($"{up.Name}.lora_a"));
        Assert.Equal(mlx.Values.Values.Last(), Read($"{up.Name}.lora_b"));
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen3")]
    [InlineData("phi3-dense.gguf")]
    [InlineData("qwen3moe-moe.gguf")]
    public void To_peft_and_back_nothing_changes(string name)
    {
        var model = name switch { "llama" => Llama, "qwen3" => Qwen, _ => Zoo.PathOf(name) };
        string[] targets = name switch
        {
            "llama" => [.. TinyAdapters.LinearLayers, "token_embd", "output"],
            "phi3-dense.gguf" => ["attn_qkv", "attn_output", "ffn_up", "ffn_down"],
            _ => [.. TinyAdapters.LinearLayers, "ffn_up_exps", "ffn_gate_exps", "ffn_down_exps"],
        };
        TinyAdapters.Create(model, targets, alpha: null).Save(_folder["original.gguf"]);

        var there = AdapterConversion.ToPeft(_folder["original.gguf"], model, _folder["peft"]);
        var back = AdapterConversion.FromPeft(_folder["peft"], model, _folder["out.gguf"]);

        Assert.Empty(there.Skipped);
        Assert.Empty(back.Skipped);
        Assert.Equal((there.TensorCount, there.Rank, there.Alpha), (back.TensorCount, back.Rank, back.Alpha));
        using var original = GgufFile.Open(_folder["original.gguf"]);
        Assert.Equal(original.Tensors.Length, back.TensorCount);
        Assert.All(original.Tensors, tensor => Assert.Equal(TensorReader.ReadFloats(original, tensor), Read(tensor.Name)));
    }

    [Fact]
    public void Peft_is_told_ranks_and_modules()
    {
        var writer = TinyAdapters.Create(Llama, ["attn_v"]);
        using (var more = GgufFile.Open(SaveTo(TinyAdapters.Create(Llama, ["ffn_up"], rank: 8), "more.gguf")))
        {
            foreach (var tensor in more.Tensors.Where(tensor => tensor.Name.StartsWith("blk.0.", StringComparison.Ordinal)))
                writer.AddTensor(tensor.Name, tensor.Type, tensor.Shape.AsSpan(), more.ReadAll(tensor));
        }
        AdapterConversion.ToPeft(SaveTo(writer, "mixed.gguf"), Llama, _folder["peft"]);
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder["peft"], "adapter_config.json")));
        Assert.Equal((4, 8), (json.RootElement.GetProperty("r").GetInt32(), json.RootElement.GetProperty("lora_alpha").GetInt32()));
        Assert.Equal(["model.layers.0.mlp.up_proj", "v_proj"], json.RootElement.GetProperty("target_modules").EnumerateArray().Select(module => module.GetString()!).Order());
        Assert.Equal(8, json.RootElement.GetProperty("rank_pattern").GetProperty(@"model\.layers\.0\.mlp\.up_proj").GetInt32());
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>llama.cpp's <c>reshape(heads, 2, rows / heads / 2, rank).swapaxes(1, 2).reshape(rows, rank)</c>.</summary>
    private static float[] Permuted(float[] b, int rank, int heads)
    {
        var half = b.Length / rank / heads / 2;
        return [.. from head in Enumerable.Range(0, heads)
                   from pair in Enumerable.Range(0, half)
                   from side in Enumerable.Range(0, 2)
                   from column in Enumerable.Range(0, rank)
                   select b[((head * 2 + side) * half + pair) * rank + column]];
    }

    private string SaveTo(GgufWriter writer, string name)
    {
        writer.Save(_folder[name]);
        return _folder[name];
    }

    private float[] Read(string tensor)
    {
        using var file = GgufFile.Open(_folder["out.gguf"]);
        return TensorReader.ReadFloats(file, tensor);
    }
}
