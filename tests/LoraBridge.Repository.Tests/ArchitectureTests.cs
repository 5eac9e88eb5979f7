using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace LoraBridge.Repository.Tests;

/// <summary>Which project may know which, and what may be written where.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string[] Libraries = ["src/LoraBridge", "src/LoraBridge.Extensions.AI", "src/LoraBridge.Training", "src/LoraBridge.Native", "src/LoraBridge.Formats"];

    private static readonly string[] MayNameArchitectures =
    [
        // How conversion from checkpoints names and orders the rows of weights: nothing in the files says so.
        "src/LoraBridge/Adapters/Conversion/CheckpointLayout.cs",
        // Writes random models for benchmarks: each has to say what it is, and what its vocabulary is.
        "src/LoraBridge.Cli/Benchmarking/RandomModel.cs",
        "src/LoraBridge.Cli/Benchmarking/RandomVocabulary.cs",
        // Which metadata llama.cpp asserts, and would end the process over.
        "src/LoraBridge/Model/Checks/AttentionCheck.cs",
        // A file of an image encoder, which is no model of text.
        "src/LoraBridge/Model/Checks/ModelFileCheck.cs",
        // A kind of vocabulary that bears the name of the model it came with.
        "src/LoraBridge/Model/Checks/VocabularyCheck.cs",
    ];

    /// <summary>The names that llama.cpp v0.5.0 gives to architectures.</summary>
    private static readonly HashSet<string> Architectures =
    [
        .. """
        afmoe apertus arcee arctic arwkv7 baichuan bailingmoe bailingmoe2 bailingmoe3 bert bitnet bloom chameleon chatglm clip
        codeshell cogvlm cohere2 cohere2moe command-r dbrx deci deepseek deepseek2 deepseek2-ocr deepseek32 deepseek4 dflash dots1
        dots3note dream eagle3 ernie4_5 ernie4_5-moe eurobert exaone exaone-moe exaone4 falcon falcon-h1 gemma gemma-embedding
        gemma2 gemma3 gemma3n gemma4 gemma4-assistant glm-dsa glm4 glm4moe gpt-oss gpt2 gptj gptneox granite granite_swa
        granitehybrid granitemoe graniteswitch grok grovemoe hrm_text hunyuan-dense hunyuan-moe hunyuan_vl hy_v3 hy_v4 internlm2
        jais jais2 jamba jina-bert-v2 jina-bert-v3 kimi-k3 kimi-linear laguna lfm2 lfm2moe llada llada-moe llama llama-embed llama4
        maincoder mamba mamba2 maple mellum mimo2 minicpm minicpm3 minimax-01 minimax-m2 minimax-m3 mistral3 mistral4 modern-bert
        mpt muse-glimmer nanbeige nemotron nemotron_h nemotron_h_moe neo-bert nomic-bert nomic-bert-moe olmo olmo2 olmoe openelm
        orion paddleocr pangu-embedded phi2 phi3 phimoe plamo plamo2 plamo3 plm pockettts qwen qwen2 qwen2moe qwen2vl qwen3 qwen35
        qwen35moe qwen3moe qwen3next qwen3tts qwen3vl qwen3vlmoe qwen4exp refact rnd1 rwkv6 rwkv6qwen2 rwkv7 seed_oss smallthinker
        smollm3 spark2_5 stablelm starcoder starcoder2 step35 t5 t5encoder talkie wavtokenizer-dec xverse
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
    ];

    public static TheoryData<string, string[]> Projects => new()
    {
        { "LoraBridge.Native", ["LoraBridge.Formats"] },
        { "LoraBridge.Formats", [] },
        { "LoraBridge.Training", ["LoraBridge.Native", "LoraBridge.Formats"] },
        { "LoraBridge", ["LoraBridge.Training"] },
        { "LoraBridge.LLamaSharp", ["LoraBridge"] },
        { "LoraBridge.Cli", ["LoraBridge"] },
        { "LoraBridge.Extensions.AI", ["LoraBridge"] },
        { "LoraBridge.Backend.Cpu", [] },
        { "LoraBridge.Backend.Vulkan", ["LoraBridge.Backend.Cpu"] },
        { "LoraBridge.Backend.Cuda13", ["LoraBridge.Backend.Cpu"] },
    };

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_knows_only_those_below_it(string project, string[] allowed) =>
        Assert.Empty(References($"src/{project}/{project}.csproj").Except(allowed));

    [Fact]
    public void Every_folder_in_src_is_a_project_with_rules() =>
        Assert.Equal(
            new DirectoryInfo(Checkout.PathOf("src")).EnumerateDirectories().Select(folder => folder.Name).Order(),
            Projects.Select(row => row.Data.Item1).Order());

    [Fact]
    public void Examples_know_the_facade_and_what_they_share()
    {
        var examples = Checkout.Files("examples", ".csproj").ToList();
        var names = examples.Select(Path.GetFileNameWithoutExtension).Concat(["LoraBridge", "LoraBridge.Extensions.AI", "LoraBridge.LLamaSharp"]);
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Empty(References(example).Except(names)));
    }

    [Fact]
    public void Unsafe_code_is_allowed_in_one_project_only() =>
        Assert.Equal(["src/LoraBridge.Native/LoraBridge.Native.csproj"],
            Checkout.Files(".", ".csproj").Where(project => Checkout.Read(project).Contains("<AllowUnsafeBlocks>true", StringComparison.Ordinal)));

    [Fact]
    public void Native_code_is_only_met_in_its_project() =>
        AssertNoLine(NativeWords(), [.. Sources("src").Where(file => !file.StartsWith("src/LoraBridge.Native/", StringComparison.Ordinal)), .. Sources("examples")]);

    [Fact]
    public void Libraries_do_not_touch_the_console() => AssertNoLine(ConsoleWord(), Libraries.SelectMany(Sources));

    [Fact]
    public void Nothing_is_left_to_do_and_no_test_sleeps() =>
        AssertNoLine(Unfinished(), [.. Sources("src"), .. Sources("examples"), .. Sources("tests").Where(file => !file.EndsWith("/ArchitectureTests.cs", StringComparison.Ordinal))]);

    [Fact]
    public void No_file_has_a_thousand_lines() =>
        Assert.DoesNotContain(Sources("src").Concat(Sources("examples")).Concat(Sources("tests")), file => Length(file) >= 1000);

    /// <summary>
    /// A model is trained by rules for its operations; none asks for its architecture. Where files name one nevertheless, it is for facts
    /// about files: what a name in a checkpoint means, which metadata makes llama.cpp abort.
    /// </summary>
    [Fact]
    public void No_architecture_of_a_model_is_treated_specially()
    {
        var named = from file in new[] { "src/LoraBridge", "src/LoraBridge.Training", "src/LoraBridge.Cli" }.SelectMany(Sources)
                    from literal in Literal().Matches(Checkout.Read(file))
                    where Architectures.Contains(literal.Groups[1].Value)
                    select file;
        Assert.Equal(MayNameArchitectures.Order(StringComparer.Ordinal), named.Distinct().Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Sources(string folder) => Checkout.Files(folder, ".cs");

    private static int Length(string file) => Checkout.Read(file).Count(character => character == '\n');

    private static IEnumerable<string> References(string project) =>
        from reference in XDocument.Parse(Checkout.Read(project)).Descendants("ProjectReference")
        select Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));

    private static void AssertNoLine(Regex words, IEnumerable<string> files) =>
        Assert.Empty(
            from file in files
            from line in Checkout.Read(file).Split('\n').Select((text, index) => (Text: text, Number: index + 1))
            where words.IsMatch(line.Text)
            select $"{file}:{line.Number}: {line.Text.Trim()}");

    [GeneratedRegex(@"\bunsafe\b|\bLibraryImport\b|\bDllImport\b|\bnint\b|\bIntPtr\b")]
    private static partial Regex NativeWords();

    [GeneratedRegex(@"""([a-z0-9_-]+)""")]
    private static partial Regex Literal();

    [GeneratedRegex(@"\bConsole\s*\.")]
    private static partial Regex ConsoleWord();

    [GeneratedRegex(@"\bTODO\b|\bFIXME\b|\bHACK\b|\bNotImplementedException\b|\bThread\.Sleep\b")]
    private static partial Regex Unfinished();
}
