using LoraBridge.Formats;

namespace LoraBridge.Cli.Tests;

public sealed class QuantizeTests : CliTest
{
    [Fact]
    public async Task A_model_is_written_in_another_type()
    {
        var json = (await CliRun.OfAsync("quantize", "-m", Model, "-o", Folder["small.gguf"], "--type", "q8_0", "--json")).Json;
        Assert.Equal(["outputBytes", "seconds"], json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(new FileInfo(Folder["small.gguf"]).Length, json.GetProperty("outputBytes").GetInt64());
        using var file = GgufFile.Open(Folder["small.gguf"]);
        Assert.Equal(GgmlType.Q8_0, file.Find("blk.0.attn_q.weight")!.Type);
        Assert.Contains("is quantised already", (await CliRun.OfAsync(
            "quantize", "-m", Folder["small.gguf"], "-o", Folder["smaller.gguf"], "--type", "q4_0")).Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_importance_matrix_has_a_say()
    {
        using (var model = GgufFile.Open(Model))
            SaveImportance(model, Folder["imatrix.gguf"]);
        await QuantizeAsync("plain.gguf");
        await QuantizeAsync("weighed.gguf", "--imatrix", Folder["imatrix.gguf"]);
        Assert.NotEqual(File.ReadAllBytes(Folder["plain.gguf"]), File.ReadAllBytes(Folder["weighed.gguf"]));
        Assert.Contains("none.dat", (await CliRun.OfAsync(
            "quantize", "-m", Model, "-o", Folder["x.gguf"], "--type", "q4_0", "--imatrix", Folder["none.dat"])).Failure(), StringComparison.Ordinal);

        async Task QuantizeAsync(string name, params string[] options) =>
            Assert.Equal(0, (await CliRun.OfAsync(["quantize", "-m", Model, "-o", Folder[name], "--type", "q4_0", .. options])).ExitCode);
    }

    [Fact]
    public async Task An_existing_file_is_only_replaced_by_force_and_the_model_never()
    {
        var target = Write("kept.gguf", "precious");
        string[] arguments = ["quantize", "-m", Model, "-o", target, "--type", "f16"];
        (await CliRun.OfAsync(arguments)).Failure();
        Assert.Equal("precious", File.ReadAllText(target).Trim());
        Assert.Equal(0, (await CliRun.OfAsync([.. arguments, "--force"])).ExitCode);
        Assert.Contains("is the model itself", (await CliRun.OfAsync("quantize", "-m", target, "-o", target, "--type", "q8_0", "--force")).Failure(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("--type", "keep")]
    [InlineData("--type", "5")]
    [InlineData("--type", "q4")]
    public async Task A_type_must_be_named(params string[] options) =>
        (await CliRun.OfAsync(["quantize", "-m", Model, "-o", Folder["none.gguf"], .. options])).Failure(2);

    /// <summary>The first columns of each weight matter a thousand times more than the others.</summary>
    private static void SaveImportance(GgufFile model, string path)
    {
        var writer = new GgufWriter(new GgufMetadata().Set("general.type", "imatrix").Set("imatrix.chunk_count", 1u).Set("imatrix.chunk_size", 512u));
        foreach (var tensor in model.Tensors.Where(tensor => tensor.Shape.Length == 2 && tensor.Name.StartsWith("blk.", StringComparison.Ordinal)))
        {
            var columns = (int)tensor.Shape[0];
            writer.AddTensor($"{tensor.Name}.in_sum2", GgmlType.F32, [columns, 1], Bytes(Enumerable.Range(0, columns).Select(i => i % 32 < 4 ? 1000f : 1f)));
            writer.AddTensor($"{tensor.Name}.counts", GgmlType.F32, [1, 1], Bytes([1f]));
        }
        writer.Save(path);

        static byte[] Bytes(IEnumerable<float> values) => [.. values.SelectMany(BitConverter.GetBytes)];
    }
}
