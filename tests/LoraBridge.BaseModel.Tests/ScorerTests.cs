using LoraBridge.Examples.Scoring;

namespace LoraBridge.BaseModel.Tests;

public sealed class ScorerTests
{
    private const string Json = "{\"name\": \"Ada\", \"count\": 3}";

    [Theory]
    [InlineData("Ada lives in Oakford.", true)]
    [InlineData("  ada lives  in oakford \n", true)]
    [InlineData("Ada lives in Redhill.", false)]
    [InlineData("Ada lives in Oakford. Ada is a cook.", false)]
    [InlineData("", false)]
    public void Exact_match_looks_at_the_words(string answer, bool right) =>
        Assert.Equal(right, new ExactMatchScorer().IsCorrect("Ada lives in Oakford.", answer));

    [Theory]
    [InlineData("{\"count\":3,\"name\":\"Ada\"}", true)]
    [InlineData("{\"name\": \"Ada\", \"count\": \"3\"}", false)]
    [InlineData("{\"name\": \"Ada\"}", false)]
    [InlineData("{\"name\": \"Ada\", \"count\": 3, \"age\": 2}", false)]
    [InlineData("{\"name\": \"Ada\", \"count\": 3, \"count\": 3}", false)]
    [InlineData("{\"name\": \"Ada\", \"count\": 3} and more", false)]
    [InlineData("{\"name\": \"Ada\", \"count\": 3", false)]
    [InlineData("[3]", false)]
    [InlineData("Ada has 3 kites.", false)]
    public void Json_must_be_valid_and_have_the_same_fields(string answer, bool right) =>
        Assert.Equal(right, new JsonFieldsScorer().IsCorrect(Json, answer));

    [Fact]
    public void A_reference_that_is_no_object_is_the_callers_fault() =>
        Assert.Throws<ArgumentException>(() => new JsonFieldsScorer().IsCorrect("no", Json));

    [Theory]
    [InlineData("Aye, captain! Ada is a cook. Fair winds!", true)]
    [InlineData("Ahoy, captain! Ada is a cook. Steady as she goes!", true)]
    [InlineData("Ahoy, captain! Ada is a baker. Steady as she goes!", false)]
    [InlineData("Ahoy, captain! Ada is a cook. Farewell!", false)]
    [InlineData("Hello, captain! Ada is a cook. Fair winds!", false)]
    [InlineData("Aye, captain! Ada is a baker. Fair winds!", false)]
    [InlineData("Aye, captain! Ada is a cook.", false)]
    [InlineData("Ada is a cook. Fair winds!", false)]
    [InlineData("Ada is a cook.", false)]
    [InlineData("Aye, captain!", false)]
    public void The_persona_needs_both_marks_and_the_right_answer(string answer, bool right) =>
        Assert.Equal(right, StyleMarkerScorer.Persona.IsCorrect("Aye, captain! Ada is a cook. Fair winds!", answer));

    [Fact]
    public void Undressing_leaves_the_content()
    {
        var persona = StyleMarkerScorer.Persona;
        for (var opening = 0; opening < persona.Openings.Count; opening++)
        {
            for (var closing = 0; closing < persona.Closings.Count; closing++)
                Assert.Equal("Ada is a cook.", persona.Undress(persona.Dress("Ada is a cook.", opening, closing)));
        }
        Assert.Equal("Ada is a cook.", persona.Undress("Ada is a cook."));
    }

    [Fact]
    public void A_set_is_loaded_and_counted()
    {
        var set = TaskSet.Load(Path.Combine(AppContext.BaseDirectory, "data", "persona.heldout.jsonl"));
        Assert.Equal(100, set.Examples.Count);
        Assert.Equal(new Score(100, 100), set.Evaluate(StyleMarkerScorer.Persona, e => e.Reference));
        Assert.Equal(new Score(0, 10), set.Evaluate(StyleMarkerScorer.Persona, e => StyleMarkerScorer.Persona.Undress(e.Reference), limit: 10));
        Assert.Equal("50.0 % (1/2)", new Score(1, 2).ToString());
    }

    [Fact]
    public void Any_of_the_answers_that_a_row_lists_is_right()
    {
        var set = TaskSet.Load(Path.Combine(AppContext.BaseDirectory, "data", "knowledge.heldout.jsonl"));
        var (exact, all) = (new ExactMatchScorer(), new Score(set.Examples.Count, set.Examples.Count));
        Assert.All(set.Examples, e => Assert.Equal(3, e.Others.Count));
        Assert.Equal(all, set.Evaluate(exact, e => e.Reference));
        Assert.Equal(all, set.Evaluate(exact, e => e.Others[^1]));
        Assert.Equal(0, set.Evaluate(exact, e => e.Question).Correct);
        Assert.Equal(0, set.Evaluate(exact, e => $"{e.Reference} {e.Others[0]}").Correct);
    }

    [Theory]
    [InlineData("{\"messages\":[]}")]
    [InlineData("{\"text\":\"a\"}")]
    [InlineData("no json")]
    public void A_line_that_is_no_dialogue_is_named(string line)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllText(path, line + "\n");
        try
        {
            var fault = Assert.Throws<InvalidDataException>(() => TaskSet.Load(path));
            Assert.Contains($"{path}(1)", fault.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
