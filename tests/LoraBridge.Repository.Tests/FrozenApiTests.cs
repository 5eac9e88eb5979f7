using System.Reflection;
using LoraBridge.Extensions.AI;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using PublicApiGenerator;

namespace LoraBridge.Repository.Tests;

/// <summary>
/// What the packages show is written down in <c>PublicApi/</c>, so that nothing joins or leaves it unseen. After a wanted change run
/// <c>LORABRIDGE_RECORD_API=1 dotnet test --project tests/LoraBridge.Repository.Tests</c> and review the difference.
/// </summary>
public sealed class FrozenApiTests
{
    public static TheoryData<string> Packages =>
    [
        typeof(LM).Assembly.GetName().Name!, typeof(LoraBridgeChatClient).Assembly.GetName().Name!,
        typeof(TrainingPrecision).Assembly.GetName().Name!, typeof(GgufFile).Assembly.GetName().Name!, typeof(LLamaSharp.AdapterExtensions).Assembly.GetName().Name!,
    ];

    [Theory]
    [MemberData(nameof(Packages))]
    public void The_public_api_is_as_recorded(string package)
    {
        var record = Checkout.PathOf($"tests/LoraBridge.Repository.Tests/PublicApi/{package}.txt");
        var api = Assembly.Load(package).GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n").Trim() + "\n";
        if (Environment.GetEnvironmentVariable("LORABRIDGE_RECORD_API") == "1")
            File.WriteAllText(record, api);
        Assert.Equal(File.ReadAllText(record).ReplaceLineEndings("\n"), api);
    }
}
